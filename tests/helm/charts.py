"""The chart as Helm renders it: real binaries of both majors, and what they say when they refuse."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "helm" / "tickbird"
VALUES = sorted((Path(__file__).parent / "values").glob("*.yaml"))
MAJORS = (3, 4)

Manifest = dict[str, Any]


def binary(major: int) -> Path:
    """Where bin/helm-binaries puts it."""
    return ROOT / ".venv" / "helm" / str(major) / "helm"


@dataclass(frozen=True, slots=True)
class Helm:
    """One major version of Helm."""

    binary: Path
    chart: Path = CHART

    def packaged(self, folder: Path) -> Helm:
        """The same, with the chart as it is published: one archive."""
        done = self._run("package", str(self.chart), "--destination", str(folder))
        assert done.returncode == 0, done.stderr
        (archive,) = folder.glob("*.tgz")
        return replace(self, chart=archive)

    def lint(self, values: Path) -> subprocess.CompletedProcess[str]:
        return self._run("lint", "--strict", str(self.chart), "--values", str(values))

    def render(self, values: Path, *sets: str, kubernetes: str = "1.30.0") -> list[Manifest]:
        """Every manifest of a release "r" in the namespace "queues"."""
        done = self._template(values, sets, kubernetes)
        assert done.returncode == 0, done.stderr
        return [manifest for manifest in yaml.safe_load_all(done.stdout) if manifest]

    def refusal(self, values: Path, *sets: str, kubernetes: str = "1.30.0") -> str:
        """What is said to values that make no sense, or to a Kubernetes that is too old."""
        done = self._template(values, sets, kubernetes)
        assert done.returncode != 0, done.stdout[:500]
        return done.stderr

    def notes(self, values: Path, *sets: str) -> str:
        """What a person reads after `helm install`."""
        done = self._run("install", "r", str(self.chart), "--values", str(values), "--dry-run=client", *_set(sets))
        assert done.returncode == 0, done.stderr
        return done.stdout.partition("NOTES:")[2]

    def _template(self, values: Path, sets: tuple[str, ...], kubernetes: str) -> subprocess.CompletedProcess[str]:
        named = ("r", str(self.chart), "--namespace", "queues", "--values", str(values))
        return self._run("template", *named, "--kube-version", kubernetes, *_set(sets))

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(self.binary), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def named(name: str) -> Path:
    """One of the value sets in values/."""
    return next(path for path in VALUES if path.stem == name)


def _set(sets: tuple[str, ...]) -> list[str]:
    return [part for value in sets for part in ("--set", value)]


def of_kind(manifests: list[Manifest], kind: str) -> list[Manifest]:
    return [manifest for manifest in manifests if manifest["kind"] == kind]


def pods(manifests: list[Manifest]) -> list[Manifest]:
    """The spec of every pod that the chart starts, those of `helm test` included."""
    return [
        *(deployment["spec"]["template"]["spec"] for deployment in of_kind(manifests, "Deployment")),
        *(pod["spec"] for pod in of_kind(manifests, "Pod")),
    ]
