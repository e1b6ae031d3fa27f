"""What the documents point at is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from core.query.fields import FIELDS
from tests.conventions.tree import ROOT, files, text
from tickbird.commands import tickbird

DOCUMENTS = files(suffix=".md")


@pytest.mark.parametrize("path", DOCUMENTS, ids=str)
def test_every_link_to_a_file_leads_somewhere(path: Path) -> None:
    targets = re.findall(r"\]\((?!https?:|mailto:|#)([^)#\s]+)", text(path))
    assert [target for target in targets if not (ROOT / path.parent / target).exists()] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=str)
def test_every_script_and_target_that_is_named_exists(path: Path) -> None:
    scripts = set(re.findall(r"(?<![\w./-])bin/[\w-]+", text(path)))
    targets = set(re.findall(r"`make (\w+)", text(path)))
    known = set(re.findall(r"^(\w+):", text(Path("Makefile")), re.MULTILINE))
    assert {script for script in scripts if not (ROOT / script).exists()} == set()
    assert targets - known == set()


@pytest.mark.parametrize("path", DOCUMENTS, ids=str)
def test_every_command_that_is_named_exists(path: Path) -> None:
    named = set(re.findall(r"(?:`|bin/|uvx |run )tickbird ([a-z][a-z-]*)", text(path)))
    assert named - set(tickbird.commands) == set()


def test_every_word_of_a_query_is_explained_where_users_look_for_it() -> None:
    page = (ROOT / "docs" / "search.md").read_text()
    assert re.findall(r"^\| `(\w+):` \| (.+) \|$", page, re.MULTILINE) == [(n, f.says) for n, f in FIELDS.items()]
