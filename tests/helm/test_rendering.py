"""What the chart makes of its values: the same with either Helm, and what Tickbird itself understands."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

import tickbird
from core.settings import load
from tests.helm.charts import CHART, VALUES, Helm, Manifest, named, of_kind, pods
from tests.helm.snapshots import FOLDER, snapshot
from tickbird.commands import tickbird as program

HOME = "https://queues.example.com/q"
values = pytest.mark.parametrize("values", VALUES, ids=lambda path: path.stem)


@values
def test_it_renders_what_it_rendered_before(helm: Helm, values: Path) -> None:
    assert snapshot(helm.render(values)) == (FOLDER / values.name).read_text("utf-8")


def test_the_chart_installs_the_version_beside_it() -> None:
    assert yaml.safe_load((CHART / "Chart.yaml").read_text())["appVersion"] == tickbird.__version__


@values
def test_tickbird_understands_its_settings_and_its_arguments(helm: Helm, values: Path, tmp_path: Path) -> None:
    manifests = helm.render(values)
    file = settings_file(manifests, tmp_path)
    for pod in pods(of_kind(manifests, "Deployment")):
        (container,) = pod["containers"]
        flags = flags_of(container)
        settings = load(file, environment_of(container), flags)
        assert len(settings.redis) == len(flags["redis"])
        if container["args"][0] == "exporter":
            assert settings.exporter_host == "0.0.0.0"
        else:
            assert settings.login or settings.insecure_no_auth


def settings_file(manifests: list[Manifest], folder: Path) -> Path:
    (settings,) = (found for found in of_kind(manifests, "ConfigMap") if "tickbird.toml" in found["data"])
    file = folder / "tickbird.toml"
    file.write_text(settings["data"]["tickbird.toml"])
    return file


def environment_of(container: Manifest) -> dict[str, str]:
    """The variables as the kubelet would set them, every Secret holding something plausible."""
    made_up = {"TICKBIRD_STATE_URL": "redis://state:6379/0"}
    return {
        variable["name"]: variable.get("value", made_up.get(variable["name"], "redis://secret:6379/0"))
        for variable in container.get("env", ())
    }


def flags_of(container: Manifest) -> dict[str, Any]:
    """The arguments as the program itself reads them."""
    filled = [argument.replace("$(", "redis://").replace(")", ":6379/0") for argument in container["args"]]
    command = program.commands[filled[0]]
    with command.make_context(filled[0], filled[1:]) as context:
        flags = {name: value for name, value in context.params.items() if name != "config"}
    if filled[0] == "exporter":
        flags = {(name if name == "redis" else f"exporter_{name}"): value for name, value in flags.items()}
    return flags


@values
def test_every_pod_is_locked_down(helm: Helm, values: Path) -> None:
    for pod in pods(helm.render(values)):
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        for container in pod["containers"]:
            security = container["securityContext"]
            assert security["readOnlyRootFilesystem"] is True
            assert security["allowPrivilegeEscalation"] is False
            assert security["capabilities"]["drop"] == ["ALL"]
            assert container["resources"]["limits"]["memory"]


@values
def test_no_secret_stands_in_a_manifest(helm: Helm, values: Path) -> None:
    manifests = helm.render(values)
    assert of_kind(manifests, "Secret") == []
    for pod in pods(manifests):
        for variable in pod["containers"][0].get("env", ()):
            secret = variable["name"].startswith(("TICKBIRD_", "REDIS_URL"))
            assert ("secretKeyRef" in variable.get("valueFrom", {})) is secret


def test_the_shards_divide_the_queues_between_them(helm: Helm) -> None:
    deployments = of_kind(helm.render(named("apart")), "Deployment")
    exporters = [pod for pod in pods(deployments) if pod["containers"][0]["args"][0] == "exporter"]
    asked = [[argument for argument in pod["containers"][0]["args"] if "shard" in argument] for pod in exporters]
    assert asked == [[f"--shard={shard}", "--total-shards=3"] for shard in range(3)]
    selectors = [json.dumps(deployment["spec"]["selector"], sort_keys=True) for deployment in deployments]
    assert len(set(selectors)) == len(deployments)


def test_a_number_in_the_settings_stays_a_whole_number(helm: Helm, tmp_path: Path) -> None:
    manifests = helm.render(named("smallest"), "settings.port=3000", "settings.hosts={a.example}")
    assert load(settings_file(manifests, tmp_path), {}, {}).port == 3000


def test_without_a_login_the_names_that_lead_here_are_answered(helm: Helm, tmp_path: Path) -> None:
    hosts = load(settings_file(helm.render(named("open-demo")), tmp_path), {}, {}).hosts
    assert {"queues.example.com", "r-tickbird", "r-tickbird.queues.svc"} <= set(hosts)


def test_a_change_of_the_settings_starts_new_pods(helm: Helm) -> None:
    def annotations(*sets: str) -> dict[str, str]:
        (deployment,) = of_kind(helm.render(named("smallest"), *sets), "Deployment")
        return dict(deployment["spec"]["template"]["metadata"]["annotations"])

    assert annotations() == annotations()
    assert annotations() != annotations("readOnly=true")


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ("smallest", "port-forward service/r-tickbird 3000:80"),
        ("smallest", "Nothing scrapes it yet"),
        ("smallest", "helm test"),
        ("open-demo", "http://queues.example.com/admin/queues"),
        ("open-demo", "Nobody has to log in: whoever reaches the Service may look at every job, and change nothing."),
        ("apart", "3 exporters behind the Service r-tickbird-exporter, port 9809"),
    ],
)
def test_the_notes_tell_the_next_step(newest_helm: Helm, chosen: str, said: str) -> None:
    assert said in newest_helm.notes(named(chosen))


def test_helm_test_asks_every_service(helm: Helm) -> None:
    (pod,) = of_kind(helm.render(named("apart")), "Pod")
    assert pod["metadata"]["annotations"]["helm.sh/hook"] == "test"
    asked = pod["spec"]["containers"][0]["args"]
    assert asked[1:] == ["http://r-tickbird:80/healthz", "http://r-tickbird-exporter:9809/metrics"]
    compile(asked[0], "args", "exec")


def test_a_packaged_chart_holds_the_rules_and_dashboards(helm: Helm, tmp_path: Path) -> None:
    assert snapshot(helm.packaged(tmp_path).render(named("monitored"))) == snapshot(helm.render(named("monitored")))


def test_the_alerts_lead_to_the_addresses_that_the_values_name(helm: Helm) -> None:
    (rule,) = of_kind(helm.render(named("monitored"), "basePath=/q"), "PrometheusRule")
    told = [each["annotations"] for group in rule["spec"]["groups"] for each in group["rules"] if "alert" in each]
    assert told
    for said in told:
        assert said["runbook_url"].startswith("https://example.com/runbooks/tickbird#bullmq")
        assert re.match(r"https://queues\.example\.com/q(/queues/|$)", said.get("page", "https://queues.example.com/q"))
