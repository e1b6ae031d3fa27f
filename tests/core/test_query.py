"""The query language: what words mean, which jobs fit, and that no words break it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.model import QueueId, State
from core.query.fields import FIELDS
from core.query.matching import fits, ordered
from core.query.parser import DEEPEST, MOST_TERMS, parse
from core.query.pattern import Pattern
from core.query.query import All, Query, Term
from core.query.times import instant, span
from core.query.words import MOST_CHARACTERS, Unreadable

NOW = 1_760_000_000_000
MINUTE = 60_000
EMAIL = QueueId("main", "bull", "email")
DATA = {"user": {"id": 42, "name": "Ada"}, "to": "ada@example.com", "items": [{"sku": "a-1"}, {"sku": "b-2"}]}


@dataclass
class Found:
    """A job as a query sees it."""

    fields: Mapping[str, str] = field(default_factory=dict)
    queue: QueueId = EMAIL
    state: State = State.FAILED
    id: str = "771"
    due: int | None = None
    logged: tuple[str, ...] = ()

    def text(self, field: str) -> str | None:
        return self.fields.get(field)

    def json(self, field: str) -> Any:
        return json.loads(self.fields[field]) if field in self.fields else None

    def number(self, field: str) -> int | None:
        return int(self.fields[field]) if field in self.fields else None

    def lines(self) -> Iterator[str]:
        return iter(self.logged)


JOB = Found(
    {
        "name": "send-invoice",
        "data": json.dumps(DATA),
        "opts": '{"attempts":3,"backoff":{"type":"fixed"}}',
        "failedReason": "ECONNRESET 10.0.0.4:443",
        "progress": "62",
        "priority": "5",
        "atm": "3",
        "timestamp": str(NOW - 10 * MINUTE),
        "processedOn": str(NOW - 5 * MINUTE),
        "finishedOn": str(NOW - 4 * MINUTE),
        "pb": "worker-1",
        "rjk": "nightly",
        "parentKey": "bull:invoicing:12",
    },
    logged=("resized to 640", "uploaded"),
)


@pytest.mark.parametrize(
    "said",
    [
        "",
        "queue:email",
        "queue:main/bull/email",
        "queue:e*il",
        "state:failed",
        "state:*ed",
        "id:771",
        "name:send-invoice",
        "name:SEND-*",
        "attempts:3",
        "attempts:>2",
        "attempts:>=3",
        "attempts:2..3",
        "attempts:3..",
        "priority:<=5",
        "age:>9m59s",
        "age:5m..11m",
        "wait:5m",
        "run:1m",
        "run:<61s",
        "finished:5m",
        "added:<9m",
        "started:2020-01-01..",
        "reason:econnreset",
        'reason:"10.0.0.4:443"',
        "reason:ECONN*443",
        "data.user.id:42",
        "data.user.id:40..50",
        "data.user.name:Ada",
        "data.user.name:A*",
        "data.items.sku:b-2",
        "data.items.0.sku:a-1",
        "data:example.com",
        "opts.backoff.type:fixed",
        "progress:>60",
        "worker:worker-1",
        "scheduler:nightly",
        "parent:*:12",
        "log:UPLOADED",
        "ada@example.com",
        "invoice",
        "771",
        "-reset-",
        "-name:other",
        "name:other OR name:send*",
        "(name:other OR state:failed) attempts:3",
        "-(name:other OR state:waiting)",
        "-name:other -state:waiting",
        '"name:other" OR invoice',
        "data.user.id:42 reason:reset",
    ],
)
def test_these_words_mean_this_job(said: str) -> None:
    assert fits(parse(said, NOW), JOB)


@pytest.mark.parametrize(
    "said",
    [
        "queue:mail",
        "state:completed",
        "id:77",
        "id:7 1",
        "name:send",
        "attempts:>3",
        "attempts:4..",
        "priority:<5",
        "age:>11m",
        "finished:3m",
        "due:>2020-01-01",
        "reason:timeout",
        "data.user.id:4",
        "data.user.name:ada",
        "data.user:*",
        "data.user.id.x:42",
        "data.items.7.sku:*",
        "data.user.name:>3",
        "result.ok:true",
        "log:missing",
        "nowhere",
        "invoice -state:failed",
        "name:other OR name:another",
        '"name:send-invoice"',
    ],
)
def test_these_words_mean_other_jobs(said: str) -> None:
    assert not fits(parse(said, NOW), JOB)


@pytest.mark.parametrize(
    ("said", "at", "why"),
    [
        ("nmae:x", 0, "Did you mean 'name'"),
        ("a b: c", 2, "no field 'b'"),
        ("name:", 0, "says nothing"),
        ("attempts:many", 0, r"Write 3, >3"),
        ("x age:>10", 2, "10m"),
        ("state:broken", 0, "There are waiting"),
        ("name.first:x", 0, "no field 'name.first'"),
        ("data..x:1", 0, "no field"),
        ("(a", 0, "not closed"),
        ("a)", 1, "closes nothing"),
        ("()", 0, "nothing in this bracket"),
        ("a OR", 2, "either side"),
        ("OR a", 0, "either side"),
        ('a "b', 2, "does not end"),
        ("a " * (MOST_TERMS + 1), 2 * MOST_TERMS, "at most 50 terms"),
        ("a" * (MOST_CHARACTERS + 1), MOST_CHARACTERS, "2,000 characters"),
        ("(" * (DEEPEST + 1) + "a" + ")" * (DEEPEST + 1), DEEPEST, "at most 10 deep"),
        ("-" * 1500 + "a", 0, "needs a term"),
        ("priority:1e999999999", 0, "cannot be"),
    ],
)
def test_an_error_says_where_and_why(said: str, at: int, why: str) -> None:
    with pytest.raises(Unreadable, match=why) as refused:
        parse(said, NOW)
    assert refused.value.at == at


@given(st.text(max_size=300) | st.text(alphabet='abc:"*()\\-.>< OR=1m', max_size=300))
def test_any_words_are_a_query_or_an_error_that_points_into_them(said: str) -> None:
    at = 0
    try:
        assert fits(parse(said, NOW), JOB) in (True, False)
    except Unreadable as refused:
        at = refused.at
    assert 0 <= at <= len(said)


LEAVES = st.sampled_from(["name:send*", "state:failed", "reason:reset", "attempts:>3", "nowhere", "data.user.id:42"])
TREES = st.recursive(
    LEAVES,
    lambda inner: (
        st.tuples(inner, inner).map(lambda two: f"({two[0]} OR {two[1]})")
        | st.tuples(inner, inner).map(lambda two: f"({two[0]} {two[1]})")
        | inner.map(lambda one: f"-({one})")
    ),
    max_leaves=8,
)


@given(TREES)
def test_the_order_in_which_terms_are_asked_changes_nothing(said: str) -> None:
    try:
        query = parse(said, NOW)
    except Unreadable:
        return  # deeper than a query may be
    assert fits(Query(said, ordered(query.clause), NOW), JOB) == fits(query, JOB)


@given(st.text(), st.text(), st.text())
def test_a_pattern_fits_what_was_made_by_it(first: str, between: str, last: str) -> None:
    assert Pattern((first, last)).fits(first + between + last)
    assert Pattern((first, last), folded=False).occurs(last + first + between + last + first)


@given(st.integers(min_value=2**53, max_value=2**80))
def test_whole_numbers_beyond_what_a_float_can_hold_are_told_apart(number: int) -> None:
    job = Found({"data": json.dumps({"n": number})})
    assert fits(parse(f"data.n:{number}", NOW), job)
    assert not fits(parse(f"data.n:{number + 1}", NOW), job)
    assert not fits(parse(f"data.n:>{number}", NOW), job)
    assert fits(parse(f"data.n:>{number - 1}", NOW), job)


def test_a_hostile_pattern_costs_no_more_than_its_length() -> None:
    query = parse("data:" + "a*" * 400 + "b", NOW)
    assert not fits(query, Found({"data": "a" * 100_000}))


def test_what_is_cheap_to_know_is_asked_first() -> None:
    clause = ordered(parse("log:x data.a:1 name:b state:failed", NOW).clause)
    assert isinstance(clause, All)
    assert [part.field for part in clause.clauses if isinstance(part, Term)] == ["state", "name", "data", "log"]


@pytest.mark.parametrize(("said", "ms"), [("90s", 90_000), ("1h30m", 5_400_000), ("1.5d", 129_600_000), ("250ms", 250)])
def test_spans_read_as_people_write_them(said: str, ms: int) -> None:
    assert span(said) == ms


@pytest.mark.parametrize("said", ["", "m", "5", "5x", "5m ", "9" * 30 + "d", "-5m"])
def test_what_is_no_span_is_none(said: str) -> None:
    assert span(said) is None


def test_instants_are_dates_or_spans_before_now() -> None:
    assert instant("now", NOW) == NOW
    assert instant("15m", NOW) == NOW - 15 * MINUTE
    assert instant("1970-01-02", NOW) == 86_400_000
    assert instant("1970-01-01T02:00+02:00", NOW) == 0
    assert instant("20-01", NOW) is None
    assert instant("yesterday", NOW) is None


def test_every_field_says_what_it_is() -> None:
    assert all(field.says for field in FIELDS.values())
