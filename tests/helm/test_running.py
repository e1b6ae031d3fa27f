"""What a pod is told to run really runs: with its arguments, its settings, its probes, and the pod of `helm test`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urljoin
from urllib.request import Request, urlopen

import pytest

from dashboard.passwords import hash_password
from tests.helm.charts import Helm, Manifest, named, of_kind
from tests.helm.test_rendering import settings_file
from tests.packaging.program import Program
from tickbird.demo.server import EmbeddedServer


def container(manifests: list[Manifest], component: str) -> Manifest:
    (found,) = (
        deployment["spec"]["template"]["spec"]["containers"][0]
        for deployment in of_kind(manifests, "Deployment")
        if deployment["metadata"]["labels"]["app.kubernetes.io/component"] == component
    )
    return dict(found)


def arguments(told: Manifest, config: Path) -> list[str]:
    """The container's, but for a port of its own on this machine alone."""
    here = {"--host=0.0.0.0": "--host=127.0.0.1", "--config=/etc/tickbird/tickbird.toml": f"--config={config}"}
    return ["--port=0" if argument.startswith("--port=") else here.get(argument, argument) for argument in told["args"]]


@pytest.mark.parametrize("component", ["dashboard", "exporter"])
def test_a_pod_answers_its_probes_and_helms_test(
    newest_helm: Helm, server: EmbeddedServer, tmp_path: Path, component: str
) -> None:
    manifests = newest_helm.render(named("open-demo"), "mode=apart", f"redis[0].url={server.url}", "redis[0].name=main")
    told = container(manifests, component)
    program = Program(Path(sys.executable).parent / "tickbird", tmp_path, {"PATH": os.environ["PATH"]})
    with program.serving(*arguments(told, settings_file(manifests, tmp_path))) as url:
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            with urlopen(urljoin(url, told[probe]["httpGet"]["path"]), timeout=10) as answer:
                assert answer.status == 200

        (pod,) = of_kind(manifests, "Pod")
        asks, *_ = pod["spec"]["containers"][0]["args"]
        path = "/healthz" if component == "dashboard" else "/metrics"
        command = [sys.executable, "-c", asks, urljoin(url, path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert f"{path} 200" in done.stdout


def test_prometheus_gets_in_with_the_token_that_the_service_monitor_names(
    newest_helm: Helm, server: EmbeddedServer, tmp_path: Path
) -> None:
    manifests = newest_helm.render(named("monitored"), f"redis[0].url={server.url}", "redis[0].name=main")
    (monitor,) = of_kind(manifests, "ServiceMonitor")
    secrets = {
        "TICKBIRD_USER": "ada",
        "TICKBIRD_PASSWORD_HASH": hash_password("a password"),
        "TICKBIRD_METRICS_TOKEN": "a-token-of-some-length",
    }
    told = container(manifests, "dashboard")
    assert {variable["name"] for variable in told["env"]} == set(secrets)
    program = Program(Path(sys.executable).parent / "tickbird", tmp_path, {"PATH": os.environ["PATH"], **secrets})
    with program.serving(*arguments(told, settings_file(manifests, tmp_path))) as url:
        for endpoint in monitor["spec"]["endpoints"]:
            address = urljoin(url, endpoint["path"])
            assert endpoint["authorization"]["credentials"] == {"name": "tickbird-metrics", "key": "token"}
            assert status(address, {"authorization": "Bearer a-token-of-some-length"}) == 200
            assert status(address, {}) == 401


def status(url: str, headers: dict[str, str]) -> int:
    try:
        with urlopen(Request(url, headers=headers), timeout=10) as answer:
            return int(answer.status)
    except HTTPError as refused:
        refused.close()
        return refused.code
