"""The built wheel, installed, and the command that it brings."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.packaging.environment import Environment, build_wheel, make_environment
from tests.packaging.program import Program
from tickbird.demo.server import EmbeddedServer

HOSTILE = 'raise SystemExit("imported a folder that is not ours: " + __file__)\n'


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="session")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    return make_environment(tmp_path_factory.mktemp("installed"), wheel)


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A directory with folders named like ours, which end any program that imports them."""
    for name in ("core", "dashboard", "exporter"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(HOSTILE)
    return tmp_path


@pytest.fixture
def program(environment: Environment, elsewhere: Path) -> Program:
    """The installed command, run where the hostile folders are both the current directory and on PYTHONPATH."""
    surroundings = {"PATH": os.environ["PATH"], "HOME": str(elsewhere), "PYTHONPATH": str(elsewhere)}
    return Program(environment.folder / "bin" / "tickbird", cwd=elsewhere, environ=surroundings)


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    with EmbeddedServer.start() as server:
        yield server.url
