"""docs/security-checklist.md holds what it says: every claim has its tests, and every test that it names is there."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from tests.conventions.tree import ROOT, text

CHECKLIST = Path("docs/security-checklist.md")
ROW = re.compile(r"^\| ([A-H]\d) \| ([^|]+) \| ([^|]+) \| ([^|]*) \|$", re.MULTILINE)
NAMED = re.compile(r"`([\w/]+\.py)::(\w+)`")
# As many claims as the list has in each part: one that is dropped is missed.
PARTS = {"A": 5, "B": 4, "C": 3, "D": 5, "E": 5, "F": 3, "G": 3, "H": 1}
ROWS = ROW.findall(text(CHECKLIST))


@cache
def standing_in(path: str) -> frozenset[str]:
    """The names of the tests in this file; none where there is no such file."""
    file = ROOT / "tests" / path
    tree = ast.parse(file.read_text("utf-8")) if file.is_file() else ast.Module([], [])
    defined = (node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return frozenset(node.name for node in defined if node.name.startswith("test_"))


def test_no_claim_is_dropped() -> None:
    claims = [f"{part}{number}" for part, most in PARTS.items() for number in range(1, most + 1)]
    assert [claim for claim, *_ in ROWS] == claims


@pytest.mark.parametrize(("claim", "held_by"), [(row[0], row[3]) for row in ROWS], ids=[row[0] for row in ROWS])
def test_every_test_that_a_claim_names_is_there(claim: str, held_by: str) -> None:
    named = NAMED.findall(held_by)
    assert named, f"{claim} has no test"
    assert len(named) == held_by.count("::"), f"{claim} names something in another form"
    assert [f"{path}::{name}" for path, name in named if name not in standing_in(path)] == []


def test_the_promised_days_stand_where_people_report() -> None:
    said = " ".join(text(Path("SECURITY.md")).split())
    assert (
        "an answer within two days, an assessment within a week, and a fix or a date for one within two weeks" in said
    )


def test_what_audits_and_what_lists_the_parts_take_the_locks() -> None:
    audit, parts = text(Path("bin/audit")), text(Path("bin/sbom"))
    assert "requirements.lock requirements-dev.lock" in audit
    assert "--require-hashes" in audit
    assert "requirements.lock" in parts
    assert "static/vendor/VENDORED.md" in parts
    for script in ("bin/audit", "bin/sbom"):
        assert script not in text(Path(".ci/run"))
        assert script in text(CHECKLIST)
