"""A query as chips: each part with a link that takes it away, whatever somebody has written."""

from __future__ import annotations

import random

import pytest

from core.query.parser import parse
from core.query.query import All, Any, Query
from dashboard.views_box import chips_of


def chips(q: str) -> tuple[list[str], list[str], bool]:
    """What the chips say, where each leads, and whether they are alternatives."""
    found, either = chips_of(q, lambda left: left)
    return [chip.text for chip in found], [chip.href for chip in found], either


@pytest.mark.parametrize(
    ("q", "parts"),
    [
        ("", []),
        ("ECONNRESET", ["ECONNRESET"]),
        ("name:send-*  attempts:>3", ["name:send-*", "attempts:>3"]),
        ('reason:"socket hang up" -data.user.id:42', ['reason:"socket hang up"', "-data.user.id:42"]),
        ("(name:a OR name:b) age:>1h", ["(name:a OR name:b)", "age:>1h"]),
        ("-(a (b OR c)) d", ["-(a (b OR c))", "d"]),
        ('"OR" or', ['"OR"', "or"]),
        ("a(b)c", ["a", "(b)", "c"]),
        ("a\\ b c", ["a\\ b", "c"]),
    ],
)
def test_each_term_or_bracket_is_a_chip(q: str, parts: list[str]) -> None:
    said, hrefs, either = chips(q)
    assert said == parts
    assert hrefs == [" ".join(p for at, p in enumerate(parts) if at != here) for here in range(len(parts))]
    assert not either


def test_alternatives_are_chips_and_go_with_their_or() -> None:
    said, hrefs, either = chips("name:a x OR (b OR c) OR -d")
    assert (said, either) == (["name:a x", "(b OR c)", "-d"], True)
    assert hrefs == ["(b OR c) OR -d", "name:a x OR -d", "name:a x OR (b OR c)"]


@pytest.mark.parametrize("q", ["nmae:x", '"open', "(", ")", "a OR", "x" * 3000])
def test_a_query_that_cannot_be_read_has_none(q: str) -> None:
    assert chips(q) == ([], [], False)


def written(random: random.Random, depth: int = 0) -> str:
    """Some query of the language."""
    terms = ("a", "name:b-*", 'reason:"x OR (y"', "attempts:>3", "data.k:1", "\\(", '"-"', "c\\ d", "-5")
    parts = []
    for _ in range(random.randint(1, 4)):
        bracket = depth < 3 and random.random() < 0.3
        part = f"({written(random, depth + 1)})" if bracket else random.choice(terms)
        parts.append(f"-{part}" if random.random() < 0.2 and not part.startswith("-") else part)
    words = [parts[0]]
    for part in parts[1:]:
        words += ["OR", part] if random.random() < 0.3 else [part]
    return random.choice((" ", "  ")).join(words)


def sides(query: Query) -> int:
    """How many parts the query has at its top."""
    return len(query.clause.clauses) if isinstance(query.clause, All | Any) else 1


@pytest.mark.parametrize("seed", range(10))
def test_whatever_is_written_every_link_is_the_query_without_that_part(seed: int) -> None:
    chance = random.Random(seed)
    for q in (written(chance) for _ in range(50)):
        said, hrefs, either = chips(q)
        whole = parse(q, 0)
        # A bracket that stands alone is one chip, whatever is in it.
        assert len(said) in (sides(whole), 1), q
        assert parse((" OR " if either else " ").join(said), 0).clause == whole.clause, q
        assert len(hrefs) == len(said)
        for left in hrefs:
            parse(left, 0)
