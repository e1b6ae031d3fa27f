"""The coarse sieve in front of a query loses no job, however its values are written."""

from __future__ import annotations

import json
import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.jobs.rows import Placed
from core.model import QueueId, State
from core.query.matching import fits
from core.query.needles import needed, odd
from core.query.parser import parse
from core.query.unescaped import unescaped
from core.query.words import Unreadable
from core.search.raw_job import RawJob

MAIL = QueueId("main", "bull", "mail")
# Letters that fold to others, that JSON escapes, and that mean something to a query.
ALPHABET = 'abkKsſK ß"\\/é1.e-\n😀İﬁ'
TEXTS = st.text(alphabet=ALPHABET, max_size=8)
NUMBERS = st.sampled_from(["42", "-0", "4.20", "1e2", "1E+2", "100.0", "9007199254740993", "true", "null", "0.5"])


class Written(str):
    """A number in somebody's own spelling."""

    __slots__ = ()


LEAVES = st.one_of(TEXTS, NUMBERS.map(Written))
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abé"), inner, max_size=2),
    max_leaves=5,
)  # fmt: skip
DATA = st.dictionaries(st.sampled_from(["a", "b", "é", 'q"x', "0"]), VALUES, max_size=3)


def dumped(value: Any, *, ascii_only: bool) -> str:
    if isinstance(value, Written):
        return str(value)
    if isinstance(value, dict):
        inner = (
            f"{json.dumps(k, ensure_ascii=ascii_only)}:{dumped(v, ascii_only=ascii_only)}" for k, v in value.items()
        )
        return "{" + ",".join(inner) + "}"
    if isinstance(value, list):
        return "[" + ",".join(dumped(v, ascii_only=ascii_only) for v in value) + "]"
    return json.dumps(value, ensure_ascii=ascii_only)


def job(data: str, reason: str) -> RawJob:
    made = RawJob(MAIL, Placed(b"order-4711", State.FAILED))
    fields = {b"name": "send", b"data": data, b"failedReason": reason, b"opts": data, b"timestamp": "5"}
    made.learn(list(fields), [value.encode("utf-8", "surrogateescape") for value in fields.values()])
    return made


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


TERMS = st.one_of(
    TEXTS.filter(bool).map(quoted),
    st.tuples(st.sampled_from(["a", "b", "a.a", "a.b.a", "é", "0"]), LEAVES.filter(bool)).map(
        lambda pair: f"data.{pair[0]}:{quoted(pair[1])}"
    ),
    st.tuples(st.sampled_from("ab"), TEXTS.filter(bool), TEXTS).map(
        lambda three: f"data.{three[0]}:{quoted(three[1])}*{quoted(three[2])}"
    ),
    st.sampled_from(["data.a:>1", "data.b:..100", "data.a:1*", "data.a:42", "attempts:0", "id:order-4711", "opts.a:*"]),
    TEXTS.filter(bool).map(lambda text: f"reason:{quoted(text)}"),
)
QUERIES = st.recursive(
    TERMS,
    lambda inner: (
        st.tuples(inner, inner).map(lambda two: f"({two[0]} OR {two[1]})")
        | st.tuples(inner, inner).map(lambda two: f"({two[0]} {two[1]})")
        | inner.map(lambda one: f"-({one})")
    ),
    max_leaves=4,
)


@given(said=QUERIES, data=DATA, reason=TEXTS, ascii_only=st.booleans())
def test_what_a_query_needs_is_in_every_job_that_fits(said: str, data: Any, reason: str, ascii_only: bool) -> None:
    made = job(dumped(data, ascii_only=ascii_only), reason)
    try:
        query = parse(said, 10)
    except Unreadable:
        return
    need = needed(query.clause)
    if fits(query, made):
        assert need is None or need.may(made.raw)


@given(TEXTS.filter(bool), st.booleans())
def test_a_word_is_found_in_data_however_that_is_escaped(word: str, ascii_only: bool) -> None:
    made = job(json.dumps({"a": word}, ensure_ascii=ascii_only), "")
    query = parse(quoted(word))
    assert fits(query, made)
    need = needed(query.clause)
    assert need is None or need.may(made.raw)


@pytest.mark.parametrize("said", ["zanzibar", "data.user.id:42", "reason:socket name:x", "a OR reason:b"])
def test_honest_queries_need_something(said: str) -> None:
    need = needed(parse(said).clause)
    assert need is not None
    assert not need.may({b"data": b"{}", b"name": b"", b"failedReason": b""})


@pytest.mark.parametrize("said", ["-zanzibar", "a OR attempts:>3", "data.n:>5 OR -b", "age:>1h", "log:x"])
def test_nothing_is_needed_where_a_job_without_it_can_fit(said: str) -> None:
    assert needed(parse(said).clause) is None


def test_only_letters_come_from_characters_that_fold_to_them() -> None:
    found = odd().pattern.decode().replace("|", "")
    folded = {letter for char in found for letter in char.casefold() if letter.isascii()}
    assert folded
    assert folded <= set(string.ascii_lowercase)


def test_escapes_are_read_as_what_they_stand_for() -> None:
    assert unescaped(r"caf\u00e9 \ud83d\ude00 \"x\" a\\b c\/d \q") == 'café 😀 "x" a\\b c/d \\q'
