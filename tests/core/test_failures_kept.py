"""What stays of failures that were retried, and what people decided about them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import redis as redis_py

from core.audit.trail import Trail
from core.errors import Conflict, Invalid, NotFound
from core.failures import evidence
from core.failures.fingerprint import fingerprint
from core.failures.groups import Group
from core.failures.marks import Mark, Standing, ended, ignored
from core.failures.survey import Failures, FailureSurvey
from core.herd import Herd
from core.model import QueueId
from core.sight import Sight, now
from core.store import shapes
from core.store.contract import Store
from core.store.memory import MemoryStore
from core.store.remote import RedisStore
from tests.core import layout
from tests.core.waiting import read_now, soon, still
from tickbird.demo.server import EmbeddedServer

MAIL = QueueId("default", "bull", "mail")
STACK = '["Error: no\\n    at send (/app/src/mail.js:1:2)"]'


@pytest.fixture
async def herd(server: EmbeddedServer, redis: redis_py.Redis) -> AsyncIterator[Herd]:
    base = layout.queue(redis)
    layout.failed(redis, base, "1", "2", "3", failedReason="no", stacktrace=STACK)
    async with still(server.url) as herd:
        yield herd


async def known(survey: FailureSurvey, wanted: int) -> Failures:
    async def enough() -> Failures | None:
        seen = await survey.look(0.5)
        return seen if seen.known == seen.total == wanted else None

    seen = await soon(enough)
    assert seen is not None
    return seen


async def only(herd: Herd, failed: int) -> Group:
    await read_now(herd)
    (group,) = (await known(herd.failures, failed)).groups
    return group


async def test_a_group_whose_jobs_were_all_retried_is_still_there_with_what_it_said(herd: Herd) -> None:
    await known(herd.failures, 3)
    for id in "123":
        await herd.mutations.retry(MAIL, id)
    group = await only(herd, 0)
    assert (group.count, group.gone, group.gone_recent[0], group.examples) == (0, 3, 3, ())
    assert group.evidence is not None
    assert group.evidence.example is not None
    assert group.evidence.example.message == "no"
    assert "mail.js:1:2" in group.evidence.example.stack


async def test_a_retry_is_witnessed_though_nobody_had_looked_at_the_errors(herd: Herd) -> None:
    await herd.mutations.retry(MAIL, "2")
    group = await only(herd, 2)
    assert (group.count, group.gone) == (2, 1)


async def test_a_retry_that_is_refused_leaves_no_trace(herd: Herd, redis: redis_py.Redis) -> None:
    redis.set("bull:mail:2:lock", "x")
    with pytest.raises(Conflict):
        await herd.mutations.retry(MAIL, "2")
    group = await only(herd, 3)
    assert (group.count, group.gone) == (3, 0)


async def test_what_somebody_else_retried_or_removed_is_counted_as_gone(herd: Herd, redis: redis_py.Redis) -> None:
    await known(herd.failures, 3)
    redis.zrem("bull:mail:failed", "1", "2")
    redis.delete("bull:mail:1")
    assert ((await only(herd, 1)).gone, (await only(herd, 1)).count) == (2, 1)


async def test_what_is_resolved_opens_again_when_it_returns_and_says_since_when(
    herd: Herd, redis: redis_py.Redis
) -> None:
    group = await only(herd, 3)
    await herd.failures.mark(group.key, Mark(Standing.RESOLVED, now(), "ada", "fixed in 1.2"))
    assert (await only(herd, 3)).standing is Standing.RESOLVED
    at = now() + 5
    layout.failed(redis, b"bull:mail:", "4", at=at, failedReason="no", stacktrace=STACK)
    back = await only(herd, 4)
    assert (back.standing, back.mark and back.mark.returned) == (Standing.OPEN, at)
    redis.zrem("bull:mail:failed", "4")
    assert (await only(herd, 3)).standing is Standing.OPEN
    await herd.failures.mark(group.key, None)
    assert (await only(herd, 3)).mark is None
    assert (await herd.failures.mark(group.key, None)).standing is Standing.OPEN
    with pytest.raises(NotFound):
        await herd.failures.mark("v1-000000000000", Mark(Standing.RESOLVED, now()))


def test_ignoring_ends_at_a_time_or_at_a_rate() -> None:
    until = ignored(1000, by="ada", why="known", span=500, rate=None)
    assert ended(until, now=1499, in_an_hour=9, next_failure=1200) is None
    assert ended(until, now=1500, in_an_hour=0, next_failure=None) == 1500
    busy = ignored(1000, by="", why="", span=None, rate=10)
    assert ended(busy, now=9999, in_an_hour=9, next_failure=1200) is None
    assert ended(busy, now=9999, in_an_hour=10, next_failure=1200) == 9999
    assert ended(replace(busy, returned=7), now=9999, in_an_hour=0, next_failure=None) == 7
    for span, rate in ((None, None), (0, None), (None, 0), (evidence.DAY * 400, None)):
        with pytest.raises(Invalid):
            ignored(1000, by="", why="", span=span, rate=rate)


def test_evidence_stays_small_however_much_fails_and_is_read_back_as_it_was() -> None:
    how, at = fingerprint("send", "no \udcff"), 1_800_000_000_000
    kept = None
    for day in range(30):
        instants = [at + day * evidence.DAY + minute * evidence.MINUTE for minute in range(0, 1440, 3)]
        kept = evidence.left(kept, how, MAIL, instants, instants[-1])
    assert kept is not None
    assert kept.gone == 30 * 480
    assert len(kept.slots) <= 288 + 7 * 24 + 1
    assert kept.recent(kept.last - evidence.HOUR) == pytest.approx(20, abs=3)
    written = shapes.written(kept)
    assert len(written) < 20_000
    assert shapes.read(evidence.Evidence, written) == kept


@pytest.mark.parametrize("kind", ["memory", "redis"])
async def test_what_was_kept_is_there_after_a_restart(herd: Herd, server: EmbeddedServer, kind: str) -> None:
    store: Store = MemoryStore() if kind == "memory" else RedisStore(server.url)
    sight = Sight(herd.sight.instances, herd.sight.everything)
    first = FailureSurvey(sight, store, Trail(store))
    (group,) = (await known(first, 3)).groups
    await first.mark(group.key, ignored(now(), by="ada", why="known", span=60_000, rate=None))
    await first.stop()
    second = FailureSurvey(sight, store, Trail(store))
    (again,) = (await known(second, 3)).groups
    assert again.mark == (await first.group(group.key, 0)).mark
    assert again.standing is Standing.IGNORED
    await first.stop()
    await second.stop()
    await store.close()


async def test_a_store_that_is_away_costs_the_marks_and_says_so(herd: Herd) -> None:
    store = RedisStore("redis://127.0.0.1:1")
    survey = FailureSurvey(herd.sight, store, Trail(store))
    seen = await known(survey, 3)
    assert len(seen.groups) == 1
    assert "may be missing" in seen.trouble[0]
    await survey.stop()
    await store.close()
