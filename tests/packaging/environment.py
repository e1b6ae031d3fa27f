"""A new environment in which the wheel and a stranger are really installed, side by side."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

STRANGER = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "a-dashboard-of-somebody-else"
version = "1.0"
[tool.hatch.build.targets.wheel]
only-include = ["dashboard"]
"""
STRANGERS_CODE = 'OWNER = "somebody else"\n'


@dataclass(frozen=True, slots=True)
class Environment:
    """A virtual environment in which only the wheel and the stranger are really installed."""

    folder: Path

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    @property
    def packages(self) -> Path:
        name = f"python{sys.version_info.major}.{sys.version_info.minor}"
        return self.folder / "lib" / name / "site-packages"


def build_wheel(folder: Path) -> Path:
    """The wheel, built from the sdist that is built from the tree: so it proves both."""
    _run(sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT))
    (built,) = folder.glob("*.whl")
    return built


def make_environment(folder: Path, wheel: Path) -> Environment:
    """The environment. Dependencies are lent by the one that runs the tests: they are not what is tested."""
    made = Environment(folder / "environment")
    _run(sys.executable, "-m", "venv", "--without-pip", str(made.folder))
    (made.packages / "lent.pth").write_text(sysconfig.get_path("purelib"))
    _install(made, "--no-build-isolation", str(_stranger(folder / "stranger")))
    _install(made, str(wheel))
    return made


def _stranger(folder: Path) -> Path:
    (folder / "dashboard").mkdir(parents=True)
    (folder / "pyproject.toml").write_text(STRANGER)
    (folder / "dashboard" / "__init__.py").write_text(STRANGERS_CODE)
    return folder


def _install(environment: Environment, *what: str) -> None:
    pip = (sys.executable, "-m", "pip", "--python", str(environment.python), "--quiet")
    _run(*pip, "install", "--no-deps", "--no-index", *what)


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
