"""Limits, deduplication ids and event streams beside the real libraries; hazards by their numbers."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from core.errors import NotFound, Unsupported
from tests.interop.node_driver import NodeError, NodeQueue, until
from tests.interop.ours import ACTED_ON, BULLMQS, BULLS, Ours, named
from tests.interop.scenario import FAR

EVERY = pytest.mark.parametrize("library", ACTED_ON, ids=named)
ALIASES = {library.alias: library for library in ACTED_ON}
LIMITED = tuple(library for library in BULLMQS if library.alias in ("bullmq5", "bullmq6"))
UNLIMITED = tuple(library for library in ACTED_ON if library not in LIMITED)
NOT_YET = 0.4  # long enough for an idle worker to have taken a job, had it been allowed to
Because = Callable[[BaseException], None]


def still_only(mail: NodeQueue, runs: int) -> None:
    deadline = time.monotonic() + NOT_YET
    while time.monotonic() < deadline:
        assert len(mail.truth()) == runs


@pytest.mark.proves("set_concurrency")
@pytest.mark.parametrize("library", LIMITED, ids=named)
async def test_8_15_a_raised_concurrency_lets_idle_workers_begin_at_once(mail: NodeQueue, ours: Ours) -> None:
    await ours.set_concurrency(1)
    assert mail.call("queue.getGlobalConcurrency") == 1
    for number in range(3):
        mail.add("deliver", {"script": {"hold": "gate"}}, jobId=f"job{number}")
    with mail.worker(concurrency=1) as worker, mail.worker(concurrency=1):
        until(worker.held)
        still_only(mail, 1)
        await ours.set_concurrency(2)
        until(lambda: len(mail.truth()) == 2, timeout=4)
        await ours.set_concurrency(None)
        worker.release("gate")
        until(lambda: len([run for run in mail.truth() if run["outcome"]]) == 3)
    assert mail.call("queue.getGlobalConcurrency") is None


@pytest.mark.proves("set_rate_limit")
@pytest.mark.proves("release_rate_limit")
@pytest.mark.parametrize("library", LIMITED, ids=named)
async def test_a_rate_limit_of_ours_holds_workers_back_until_it_is_released(
    mail: NodeQueue, ours: Ours, redis: Any
) -> None:
    await ours.set_rate_limit(1, 100_000)
    assert mail.call("queue.getGlobalRateLimit") == {"max": 1, "duration": 100_000}
    for number in range(2):
        mail.add("deliver", jobId=f"job{number}")
    with mail.worker():
        until(lambda: len(mail.truth()) == 1)
        still_only(mail, 1)
    await ours.release_rate_limit()
    assert mail.call("queue.getRateLimitTtl", 1) <= 0
    with mail.worker():
        until(lambda: len(mail.truth()) == 2)
    await ours.set_rate_limit(None, None)
    assert not redis.hexists(f"{ours.base}meta", "max")


@pytest.mark.proves("release_rate_limit")
@EVERY
async def test_a_limit_that_workers_brought_is_released_for_the_next_job(
    mail: NodeQueue, ours: Ours, redis: Any
) -> None:
    limiter = {"max": 1, "duration": 100_000}
    mail.add("deliver", jobId="first")
    mail.add("deliver", jobId="second")
    with mail.worker(limiter=limiter):
        until(lambda: len(mail.truth()) == 1)
        still_only(mail, 1)
    assert redis.exists(f"{ours.base}limiter")
    outcome = await ours.release_rate_limit()
    assert outcome.changed
    assert not list(redis.scan_iter(f"{ours.base}limiter*"))
    later = str(mail.add("deliver", jobId="later", lifo=True)["id"])
    with mail.worker(limiter=limiter):
        until(lambda: len(mail.truth()) == 2)
    assert mail.truth()[1]["jobId"] in (later, "second")


@pytest.mark.proves("release_rate_limit")
@pytest.mark.parametrize("library", BULLS, ids=named)
async def test_bulls_limited_groups_are_let_go(mail: NodeQueue, ours: Ours, redis: Any) -> None:
    limiter = {"max": 1, "duration": 100_000, "groupKey": "customer"}
    mail.open(limiter=limiter)
    for name in ("one", "two", "three"):
        mail.add(name, {"customer": "anna"}, jobId=name)
    with mail.worker(limiter=limiter):
        until(lambda: len(mail.ids("delayed")) == 2)
    await ours.release_rate_limit()
    assert not list(redis.scan_iter(f"{ours.base}limiter*"))
    assert len(mail.ids("delayed")) == 2
    mail.add("four", {"customer": "anna"}, jobId="four")
    with mail.worker(limiter=limiter):
        until(lambda: any(run["name"] == "four" for run in mail.truth()))


@pytest.mark.proves("release_deduplication")
@pytest.mark.parametrize("library", [ALIASES["bull4"], *LIMITED], ids=named)
async def test_a_released_deduplication_id_lets_the_next_job_in(mail: NodeQueue, ours: Ours) -> None:
    kind = "debounce" if mail.library.facts.is_bull else "deduplication"
    claim = {kind: {"id": "order-1", "ttl": FAR}}
    first = str(mail.add("deliver", delay=FAR, **claim)["id"])
    mail.add("deliver", delay=FAR, **claim)
    assert mail.ids("delayed") == [first]
    outcome = await ours.release_deduplication("order-1")
    assert outcome.sentence.endswith(f"it was held by job {first}.")
    second = str(mail.add("deliver", delay=FAR, **claim)["id"])
    assert sorted(mail.ids("delayed")) == sorted([first, second])


@pytest.mark.proves("release_deduplication")
@pytest.mark.parametrize("library", [ALIASES["bullmq6"]], ids=named)
async def test_a_follow_up_kept_behind_the_holder_still_runs(mail: NodeQueue, ours: Ours) -> None:
    claim = {"deduplication": {"id": "order-1", "keepLastIfActive": True}}
    holder = str(mail.add("deliver", {"script": {"hold": "gate"}}, **claim)["id"])
    with mail.worker(concurrency=1) as worker:
        until(worker.held)
        mail.add("deliver", {"script": {"return": 2}}, **claim)
        await ours.release_deduplication("order-1")
        worker.release("gate")
        until(lambda: len([run for run in mail.truth() if run["outcome"] == "completed"]) == 2)
    assert mail.truth()[0]["jobId"] == holder


@pytest.mark.proves("trim_events")
@pytest.mark.parametrize("library", BULLMQS, ids=named)
async def test_trimmed_events_leave_listeners_and_the_librarys_own_limit_alone(
    mail: NodeQueue, ours: Ours, redis: Any
) -> None:
    for number in range(120):
        mail.add("deliver", jobId=f"job{number}")
    before = redis.hgetall(f"{ours.base}meta")
    mail.record_events()
    await ours.trim_events(5)
    assert redis.xlen(f"{ours.base}events") == 5
    assert redis.hgetall(f"{ours.base}meta") == before
    mail.add("deliver", jobId="after")
    mail.wait_for_event("waiting", "after")


@pytest.mark.proves("trim_events", "absent")
@pytest.mark.parametrize("library", BULLS, ids=named)
async def test_bull_has_no_events_to_trim(mail: NodeQueue, ours: Ours, because: Because) -> None:
    with pytest.raises(Unsupported) as refused:
        await ours.trim_events(5)
    because(refused.value)
    with pytest.raises(NodeError, match="no trimEvents"):
        mail.call("queue.trimEvents", 5)


@pytest.mark.proves("set_concurrency", "absent")
@pytest.mark.parametrize("library", UNLIMITED, ids=named)
async def test_a_concurrency_that_workers_would_not_heed_is_refused(
    mail: NodeQueue, ours: Ours, because: Because
) -> None:
    with pytest.raises(Unsupported) as refused:
        await ours.set_concurrency(2)
    because(refused.value)
    with pytest.raises(NodeError, match="no setGlobalConcurrency"):
        mail.call("queue.setGlobalConcurrency", 2)


@pytest.mark.proves("set_rate_limit", "absent")
@pytest.mark.parametrize("library", UNLIMITED, ids=named)
async def test_a_rate_limit_that_workers_would_not_heed_is_refused(
    mail: NodeQueue, ours: Ours, because: Because
) -> None:
    with pytest.raises(Unsupported) as refused:
        await ours.set_rate_limit(2, 1000)
    because(refused.value)
    with pytest.raises(NodeError, match="no setGlobalRateLimit"):
        mail.call("queue.setGlobalRateLimit", 2, 1000)


@pytest.mark.proves("release_deduplication", "absent")
@pytest.mark.parametrize(
    "library", [each for each in ACTED_ON if each not in LIMITED and each.alias != "bull4"], ids=named
)
async def test_where_nothing_deduplicates_no_id_is_held(mail: NodeQueue, ours: Ours, because: Because) -> None:
    with pytest.raises((Unsupported, NotFound)) as refused:
        await ours.release_deduplication("order-1")
    because(refused.value)
