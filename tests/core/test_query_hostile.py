"""Words made to break a search: each is a query or an error, and none takes more than its length allows."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.jobs.rows import Placed
from core.model import QueueId, State
from core.query.fields import FIELDS
from core.query.matching import fits, ordered
from core.query.needles import needed
from core.query.parser import DEEPEST, MOST_TERMS, parse
from core.query.query import Query
from core.query.words import MOST_CHARACTERS, Unreadable
from core.search.raw_job import RawJob
from core.text import text

NOW = 1_760_000_000_000
DEEP = "[" * 400 + "1" + "]" * 400
DATA = {
    "plain": json.dumps({"a": {"b": [1, 2.5, None, True, "x" * 1000]}, "q": 2**70}),
    "deep": '{"a":' + DEEP + "}",
    "too deep": "[" * 100_000,
    "wide": json.dumps({"a": [[i] for i in range(20_000)]}),
    "long": json.dumps({"a": "a" * 900_000}),
    "broken": '{"a":1',
    "not text": "\udcff\udcfe{",
    "NaN": '{"a":NaN,"b":1e999}',
    "huge number": '{"a":' + "9" * 5000 + "}",
    "nothing": "",
}
HOSTILE = [
    "a" * MOST_CHARACTERS,
    "*" * MOST_CHARACTERS,
    "data:" + "a*" * 900 + "b",
    "data.a:" + "*a" * 900,
    "data." + "a." * 900 + "b:1",
    " OR ".join(["a"] * MOST_TERMS),
    "(" * DEEPEST + "a" + ")" * DEEPEST,
    "-(" * DEEPEST + "a" + ")" * DEEPEST,
    "(" * 900 + ")" * 900,
    "-" * MOST_CHARACTERS,
    '"' * MOST_CHARACTERS,
    "\\" * MOST_CHARACTERS,
    "name:" * 300,
    "(a+)+$ (.*)* [a-z]{1,9999}",
    "data.a:>1e99999999999",
    "data.a:1e-40..1e40",
    "attempts:" + "9" * 1000,
    "age:99999999999999d",
    "added:9999-12-31T23:59:59..0001-01-01",
    "added:..",
    "due:now..now",
    "data.0.0.0.0:1",
    "data.٣:1",
    "id:\x00 name:\x1b[31m",
    "\u202ename:x",
    "\ud800 data.\udfff:x",
    "data.__proto__.constructor:x data.__class__:x",
    "state:* -state:*",
    "') OR 1=1 -- \r\nFLUSHALL\r\n",
    "{{7*7}} ${7*7} <script>",
    "ſK ß İ ﬁ data:ǰ",
]


def job(data: str) -> RawJob:
    made = RawJob(QueueId("main", "bull", "mail"), Placed(b"\xff\xfe", State.DELAYED, b"nan"))
    raw = data.encode("utf-8", "surrogateescape")
    names = dict.fromkeys((name for field in FIELDS.values() for name in field.reads), raw)
    made.learn(list(names), list(names.values()))
    made.learn_lines([text(raw[:1000])])
    return made


def check(said: str, made: RawJob) -> None:
    try:
        query = parse(said, NOW)
    except Unreadable as refusal:
        refused: Unreadable | None = refusal
    else:
        refused = None
    if refused is not None:
        assert 0 <= refused.at <= len(said)
        assert len(str(refused)) < 1_000
        return
    found = fits(Query(said, ordered(query.clause), NOW), made)
    need = needed(query.clause)
    assert not found or need is None or need.may(made.raw)


@pytest.mark.parametrize("data", DATA.values(), ids=DATA)
def test_no_words_break_the_matching_of_any_data(data: str) -> None:
    made = job(data)
    for said in HOSTILE:
        check(said, made)


_FIELD = st.sampled_from([*FIELDS, "data.a", "data.a.0", "opts.x", "nope", "data..", ""])
_VALUE = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["*", "a*", ">3", "<=10m", "1..5", "now", "2026-01-01", "..", '""', '"a b"', "1h30m", "\\*", "-1"]),
)
_TERM = st.one_of(_VALUE, st.tuples(_FIELD, _VALUE).map(":".join))
_WORDS = st.recursive(
    _TERM,
    lambda inner: (
        st.tuples(inner, st.sampled_from([" ", " OR ", " -", "  OR OR "]), inner).map("".join)
        | inner.map("({})".format)
        | inner.map("-{}".format)
        | inner.map("({}".format)
    ),
    max_leaves=12,
)


@given(_WORDS)
def test_whatever_the_grammar_makes_is_a_query_or_an_error_at_a_place(said: str) -> None:
    check(said, JOB)


@given(_WORDS)
def test_what_is_read_once_is_read_the_same_again(said: str) -> None:
    try:
        query = parse(said, NOW)
    except Unreadable:
        return
    assert parse(query.text, query.now) == query


JOB = job(DATA["plain"])
