"""What holds for every file that is committed, whatever is in it."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest

import tickbird
from tests.conventions.tree import committed, files, line_of, text

# Written in two halves, so that this file does not name what no file may name.
PACKAGE_HOSTS = re.compile(
    r"\b(pypi|pythonhosted|npmjs|yarnpkg|rubygems|crates)\.(org|com|io)\b"
    r"|\b(deb|security|archive)\.(debian|ubuntu)\.(org|com)\b"
)
# People's homes and this project's own workplaces. A made-up stack trace may use /home/node or /app.
MACHINE_PATHS = re.compile(r"(?<![\w.~-])/(root/|home/(?!node/)\w+/|Users/\w+/|work/\w+)")
BINARY = {".png", ".ico", ".rdb", ".woff2", ".gz"}


def readable() -> list[Path]:
    return [path for path in committed() if path.suffix not in BINARY]


def places(pattern: re.Pattern[str]) -> list[str]:
    found = []
    for path in readable():
        content = text(path)
        found += [f"{path}:{line_of(content, m.start())}: {m.group()}" for m in pattern.finditer(content)]
    return found


def test_no_committed_file_names_a_package_host() -> None:
    assert places(PACKAGE_HOSTS) == []


def test_no_committed_file_names_a_path_of_somebodys_machine() -> None:
    assert places(MACHINE_PATHS) == []


def test_locks_carry_hashes_and_no_addresses() -> None:
    locks = [path for path in files(suffix=".lock") if path.name.startswith("requirements")]
    assert [lock.name for lock in locks] == ["requirements-dev.lock", "requirements.lock"]
    for lock in locks:
        content = text(lock)
        pins = re.findall(r"^\S+==\S+", content, re.MULTILINE)
        assert pins
        assert "://" not in content
        assert content.count(" \\\n    --hash=sha256:") >= len(pins)


def test_both_locks_agree_on_every_version() -> None:
    run, everything = (
        dict(re.findall(r"^([^\s=]+)==(\S+)", text(Path(name)), re.MULTILINE))
        for name in ("requirements.lock", "requirements-dev.lock")
    )
    assert {name: everything.get(name) for name in run} == run


@pytest.mark.parametrize(
    ("name", "extras"), [("requirements.lock", ("demo",)), ("requirements-dev.lock", ("demo", "dev"))]
)
def test_a_lock_holds_everything_that_pyproject_asks_for(name: str, extras: tuple[str, ...]) -> None:
    asked = tomllib.loads(text(Path("pyproject.toml")))
    wanted = [*asked["build-system"]["requires"], *asked["project"]["dependencies"]]
    wanted += [requirement for extra in extras for requirement in asked["project"]["optional-dependencies"][extra]]
    names = {re.split(r"[^\w.-]", requirement)[0] for requirement in wanted}
    assert names - set(re.findall(r"^([^\s=]+)==", text(Path(name)), re.MULTILINE)) == set()


def test_no_package_lock_says_where_a_package_came_from() -> None:
    for path in files(suffix=".json"):
        if path.name == "package-lock.json":
            packages = json.loads(text(path))["packages"]
            assert [name for name, entry in packages.items() if "resolved" in entry] == []


def test_tests_are_no_package() -> None:
    # With one, pytest would import tests/core as `core` and shadow the product.
    assert [path for path in files("tests", suffix=".py") if path.name == "__init__.py"] == []


def test_the_version_is_the_top_of_the_changelog() -> None:
    versions = re.findall(r"^## \[?(\d+\.\d+\.\d+)", text(Path("CHANGELOG.md")), re.MULTILINE)
    assert versions[0] == tickbird.__version__


@pytest.mark.parametrize("name", ["uv.lock", "pylock.toml"])
def test_no_lock_with_addresses_slips_in(name: str) -> None:
    assert [path for path in committed() if path.name == name] == []
