"""What a search finds is what a plain reading of its words finds, on whichever way the jobs are read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import redis as redis_py
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.instance import Instance
from core.jobs.rows import Placed
from core.model import Dialect, Identity, Queue, QueueId, State
from core.query.matching import fits
from core.query.parser import parse
from core.search.sieve import Sieve, Sifted
from tests.core import layout
from tests.core.naive import JOBS, NOW, QUERIES, Meant, Plain

QUEUE = Queue(QueueId("default", "bull", "mail"), Identity(Dialect.MQ5, "6.7.0", ()), paused=False, counts={})


class Candidate:
    """A plain job as the language's own matching sees it."""

    def __init__(self, job: Plain) -> None:
        self._job, self._fields = job, job.fields()
        self.queue, self.state, self.id, self.due = QUEUE.id, State.FAILED, job.id, None

    def text(self, field: str) -> str | None:
        return self._fields.get(field)

    def json(self, field: str) -> Any:
        return json.loads(self._fields[field])

    def number(self, field: str) -> int | None:
        return int(self._fields[field]) if field in self._fields else None

    def lines(self) -> Iterator[str]:
        return iter(self._job.lines)


@settings(max_examples=400)
@given(query=QUERIES, job=JOBS)
def test_a_query_means_what_a_plain_reading_of_its_words_means(query: Meant, job: Plain) -> None:
    assert fits(parse(query.said, NOW), Candidate(job)) == query.means(job)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=QUERIES, jobs=st.lists(JOBS, min_size=1, max_size=12, unique_by=lambda job: job.id))
async def test_scripts_and_single_commands_find_the_same_and_what_the_words_mean(
    instance: Instance, redis: redis_py.Redis, query: Meant, jobs: list[Plain]
) -> None:
    redis.flushall()
    base = layout.queue(redis)
    for job in jobs:
        layout.waiting(redis, base, job.id, **job.fields())
        if job.lines:
            redis.rpush(base + job.id.encode() + b":logs", *job.lines)
    placed = [Placed(job.id.encode(), State.WAITING) for job in jobs]
    scripted = await Sieve(parse(query.said, NOW)).sift(instance, QUEUE, placed)
    piped = await _without_scripts(query.said).sift(instance, QUEUE, placed)
    assert scripted == piped == Sifted(tuple(p for p, job in zip(placed, jobs, strict=True) if query.means(job)))


def _without_scripts(said: str) -> Sieve:
    sieve = Sieve(parse(said, NOW))
    for stage in sieve.stages:
        stage.reads.refused = "NOPERM"
    return sieve
