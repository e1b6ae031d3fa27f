"""What is in a backlog, from a sample: how far off it may be, and that its words find what it counted."""

from __future__ import annotations

import json
import random
from itertools import pairwise
from typing import Any

import pytest
import redis as redis_py
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from core.herd import Herd
from core.model import QueueId, State
from core.query.parser import parse
from core.redaction.redaction import Rule
from core.samples.sample import Sample, bounds
from core.samples.values import By, by, moments, paths, span_words
from core.search.search import Wish
from tests.core import layout
from tests.core.test_searches import ended
from tests.core.waiting import still
from tickbird.demo.server import EmbeddedServer

MAIL = QueueId("default", "bull", "mail")
DAY = 86_400_000
ODD = ["plain", 'a "quoted" one', "back\\slash", "a*b", "", " ", "état", "(x) OR -y", "5..7", ">3", "x" * 300]


async def sampled(herd: Herd, said: str, size: int = 1000, state: State = State.WAITING) -> Sample:
    return await herd.samples.take(MAIL, state, said, size)


@pytest.mark.parametrize("state", [State.WAITING, State.FAILED])
async def test_a_small_state_is_counted_exactly(server: EmbeddedServer, redis: redis_py.Redis, state: State) -> None:
    base = layout.queue(redis)
    for number in range(30):
        name = "send" if number % 3 else "push"
        if state is State.WAITING:
            layout.waiting(redis, base, str(number), name=name)
        else:
            layout.failed(redis, base, str(number), name=name)
    async with still(server.url) as herd:
        seen = await sampled(herd, "name", state=state)
    assert (seen.exact, seen.total, seen.taken) == (True, 30, 30)
    assert [(p.value, p.about, p.low, p.high) for p in seen.parts] == [("send", 20, 20, 20), ("push", 10, 10, 10)]
    assert seen.method == "All 30 jobs were counted."


async def test_a_part_of_a_large_state_tells_of_all_of_it_within_its_bounds(
    server: EmbeddedServer, redis: redis_py.Redis
) -> None:
    base = layout.queue(redis)
    for number in range(2000):
        layout.waiting(redis, base, str(number), name="send" if number < 1500 else "push")
    async with still(server.url) as herd:
        seen = await sampled(herd, "name", 400)
    assert (seen.exact, seen.total, seen.taken) == (False, 2000, 400)
    found = {part.value: part for part in seen.parts}
    # Six times the error that one has to expect: once in a thousand million samples it is larger.
    assert abs(found["send"].about - 1500) < 6 * 2000 * (0.75 * 0.25 / 400) ** 0.5
    assert found["send"].low <= found["send"].about <= found["send"].high


@given(st.integers(1, 400), st.floats(0, 1), st.integers(0, 10_000))
def test_bounds_hold_what_was_seen_and_nothing_impossible(taken: int, share: float, more: int) -> None:
    count, total = round(share * taken), taken + more
    low, high = bounds(count, taken, total)
    assert count <= low <= high <= total - taken + count
    assert low <= -(-count * total // taken)
    assert high >= count * total // taken


def test_bounds_hold_as_often_as_they_say() -> None:
    dice, held = random.Random(7), 0
    for _ in range(2000):
        total, true = 5000, dice.randrange(1, 5000)
        count = sum(place < true for place in dice.sample(range(total), 200))
        low, high = bounds(count, 200, total)
        held += low <= true <= high
    assert 0.93 < held / 2000 < 0.98


async def test_the_words_of_a_part_find_exactly_the_jobs_that_it_counts(
    server: EmbeddedServer, redis: redis_py.Redis
) -> None:
    base = layout.queue(redis)
    values: list[Any] = [*ODD, *ODD[:3], 5, 2**60, 1.5, True, None, ["a", "b"]]
    for number, value in enumerate(values):
        data = json.dumps({"user": {"odd key": value}})
        layout.waiting(redis, base, str(number), name=f"job {number % 4}", data=data, priority=number % 3)
    layout.waiting(redis, base, "none", name="job 1", data="[")
    async with still(server.url) as herd:
        for said in ("name", "data.user.odd key", "priority", "attempts", "added", "reason", "worker"):
            seen = await sampled(herd, said)
            for part in seen.parts:
                assert parse(part.words)
                found = await ended(herd, herd.searches.start(Wish(part.words)))
                assert len(found.hits) == part.count, (said, part)


async def test_large_and_broken_jobs_are_told_of(server: EmbeddedServer, redis: redis_py.Redis) -> None:
    base = layout.queue(redis)
    layout.waiting(redis, base, "large", data=json.dumps("x" * 1_100_000))
    layout.waiting(redis, base, "broken", data='{"a":')
    layout.waiting(redis, base, "sound", data='{"a":1}')
    redis.lpush(base + b"wait", "ghost")
    async with still(server.url) as herd:
        seen = await sampled(herd, "data.a")
    assert (seen.total, seen.unread) == (4, 1)
    assert {part.value: part.count for part in seen.parts} == {"1": 1, None: 2}


async def test_what_is_redacted_is_not_counted_by(server: EmbeddedServer, redis: redis_py.Redis) -> None:
    base = layout.queue(redis)
    layout.waiting(redis, base, "1", data='{"token":"s3cr3t","to":"ada"}')
    async with still(server.url) as herd:
        herd.sight.instances["default"].hidden = (Rule(keys=("token",)),)
        seen = await sampled(herd, "data.token")
    assert [part.value for part in seen.parts] == ["[redacted]"]


@pytest.mark.parametrize("said", ["", "data", "nothing", "data.", "data..x", "log", "data." + "x" * 400, "group"])
def test_what_jobs_cannot_be_counted_by_is_refused(said: str) -> None:
    with pytest.raises(Invalid):
        by(said)


def test_paths_that_tell_jobs_apart_come_first() -> None:
    data = [{"id": n, "user": {"country": "de" if n % 2 else "at"}, "v": 1, "list": [n], "a.b": n} for n in range(20)]
    assert paths(data) == ["data.user.country", "data.id"]


@given(st.integers(0, 2**41), st.integers(0, 4000 * DAY))
def test_spans_of_time_cover_all_there_is_without_gaps_and_are_few(first: int, more: int) -> None:
    spans = moments(first, first + more)
    assert spans[0][0] <= first
    assert spans[-1][1] >= first + more
    assert all(before[1] + 1 == after[0] for before, after in pairwise(spans))
    assert len(spans) <= 14
    assert parse(span_words(spans[0]))


def test_a_name_that_cannot_be_written_as_a_path_has_no_words() -> None:
    assert By("data.a.b", "data", ("a.b",)).words("x") == ""
