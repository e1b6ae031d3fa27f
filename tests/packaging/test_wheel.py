"""What is in the wheel, and what it leaves alone."""

from __future__ import annotations

import subprocess
import zipfile
from pathlib import Path

from tests.packaging.environment import ROOT, STRANGERS_CODE, Environment

BUNDLED = ("core", "dashboard", "exporter", "templates", "static")


def test_the_wheel_puts_one_name_into_site_packages(wheel: Path) -> None:
    names = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    distribution = "-".join(wheel.name.split("-")[:2])
    assert names == {"tickbird", f"{distribution}.dist-info"}


def test_the_wheel_holds_every_file_of_the_five_folders(wheel: Path) -> None:
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", *BUNDLED],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout.decode()
    held = zipfile.ZipFile(wheel).namelist()
    missing = [name for name in listing.split("\0") if name and f"tickbird/_bundle/{name}" not in held]
    assert [name for name in missing if (ROOT / name).exists()] == []


def test_the_wheel_holds_no_tests_and_no_benchmarks(wheel: Path) -> None:
    held = zipfile.ZipFile(wheel).namelist()
    assert [name for name in held if "/tests/" in name or "/bench/" in name] == []


def test_a_package_of_the_same_name_beside_it_stays_whole(environment: Environment) -> None:
    assert (environment.packages / "dashboard" / "__init__.py").read_text() == STRANGERS_CODE
    assert _python(environment, "import dashboard; print(dashboard.OWNER)") == "somebody else"


def test_importing_tickbird_leaves_the_names_of_others_alone(environment: Environment) -> None:
    code = "import sys; before = list(sys.path); import tickbird, dashboard; print(dashboard.OWNER, sys.path == before)"
    assert _python(environment, code) == "somebody else True"


def test_mounting_makes_our_folders_win(environment: Environment) -> None:
    code = "from tickbird import bundle; bundle.mount(); bundle.mount(); import core, dashboard; print(core.__file__)"
    expected = environment.packages / "tickbird" / "_bundle" / "core" / "__init__.py"
    assert Path(_python(environment, code)).resolve() == expected.resolve()


def _python(environment: Environment, code: str) -> str:
    command = [str(environment.python), "-I", "-c", code]
    return subprocess.run(command, cwd="/", capture_output=True, text=True, check=True).stdout.strip()
