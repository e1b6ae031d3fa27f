"""Every Lua file of ours begins with what a caller has to know, and uses nothing that it does not name there."""

from __future__ import annotations

import re
from itertools import takewhile
from pathlib import Path

import pytest

from tests.conventions.tree import files, text

SCRIPTS = files("core", suffix=".lua")
SECTIONS = ("KEYS", "ARGV", "RETURNS", "ATOMICITY")
SLOT = re.compile(r"\b(KEYS|ARGV)\[(\d+)\]")


def header(path: Path) -> str:
    """The comment that the file begins with."""
    return "\n".join(takewhile(lambda line: line.startswith("--"), text(path).splitlines()))


def body(path: Path) -> str:
    code = text(path).removeprefix(header(path))
    return re.sub(r"--.*", "", code)


def referred_to(path: Path) -> list[Path]:
    """The files whose headers this header relies on: "see the prelude", "see parts/jobs.lua"."""
    preludes = [other for other in SCRIPTS if other.name == "prelude.lua"] if "prelude" in header(path) else []
    named = [other for other in SCRIPTS if f"{other.parent.name}/{other.name}" in header(path)]
    return [*preludes, *named]


def slots(content: str) -> set[str]:
    return {f"{kind}[{number}]" for kind, number in SLOT.findall(content)}


def test_there_are_scripts() -> None:
    assert SCRIPTS


@pytest.mark.parametrize("path", SCRIPTS, ids=str)
def test_the_header_has_all_four_sections(path: Path) -> None:
    assert [word for word in SECTIONS if not re.search(rf"^-- {word}\b", header(path), re.MULTILINE)] == []


@pytest.mark.parametrize("path", SCRIPTS, ids=str)
def test_the_header_names_every_key_and_argument_that_is_used(path: Path) -> None:
    near = [path, *referred_to(path)]
    near += [further for other in near[1:] for further in referred_to(other)]
    named = set().union(*(slots(header(each)) for each in near))
    assert slots(body(path)) - named == set()


@pytest.mark.parametrize("path", SCRIPTS, ids=str)
def test_no_script_reads_without_a_bound(path: Path) -> None:
    unbounded = re.compile(r"'(KEYS|SMEMBERS|HGETALL|HVALS|HKEYS|FLUSHALL|FLUSHDB)'|'[LZ]RANGE'[^)]*, 0, -1\b")
    assert [match.group() for match in unbounded.finditer(body(path))] == []
