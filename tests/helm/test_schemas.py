"""What the chart renders is what Kubernetes and the operators accept, with either Helm."""

from __future__ import annotations

import subprocess
from pathlib import Path

import jsonschema
import kubernetes_validate
import pytest
import yaml

from tests.helm.charts import VALUES, Helm, named, of_kind
from tests.helm.custom_kinds import SCHEMAS

OLDEST, NEWEST = "1.28.0", kubernetes_validate.latest_version()
values = pytest.mark.parametrize("values", VALUES, ids=lambda path: path.stem)


@values
def test_the_linter_has_nothing_to_say(helm: Helm, values: Path) -> None:
    done = helm.lint(values)
    assert done.returncode == 0, done.stdout


@values
@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_every_manifest_fits_the_schema(helm: Helm, values: Path, version: str) -> None:
    manifests = helm.render(values, kubernetes=version)
    assert manifests
    for manifest in manifests:
        if manifest["kind"] in SCHEMAS:
            jsonschema.validate(manifest, SCHEMAS[manifest["kind"]])
        else:
            kubernetes_validate.validate(manifest, version, strict=True)


def test_an_older_kubernetes_is_refused(helm: Helm) -> None:
    assert "1.28" in helm.refusal(VALUES[0], kubernetes="1.27.0")


def test_the_rules_that_it_installs_are_rules(helm: Helm, tmp_path: Path) -> None:
    (rule,) = of_kind(helm.render(named("monitored")), "PrometheusRule")
    file = tmp_path / "rules.yml"
    file.write_text(yaml.safe_dump(rule["spec"]))
    command = ["promtool", "check", "rules", "--lint=all", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
