"""After our act the library agrees: idle workers begin at once, its listeners heard it, its getters say the same."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.interop.keyspace import keys_of
from tests.interop.node_driver import NodeQueue, until
from tests.interop.ours import ACTED_ON, BULLMQS, BULLS, Ours, named
from tests.interop.scenario import FAR, failed, family, waiting

# A worker that nobody wakes looks by itself after five seconds.
AT_ONCE = 4.0
FAILS_ONCE = {"script": {"failTimes": 1}}


def ran_within(mail: NodeQueue, job_id: str, runs: int, seconds: float = AT_ONCE) -> None:
    """The job has now run this often, the last time within these seconds."""
    until(lambda: len([run for run in mail.truth() if run["jobId"] == job_id]) == runs, timeout=seconds)


@pytest.mark.parametrize("library", ACTED_ON, ids=named)
@pytest.mark.parametrize("opts", [{}, {"priority": 5}, {"lifo": True}], ids=["plain", "priority", "lifo"])
async def test_an_idle_worker_takes_a_retried_job_at_once(
    mail: NodeQueue, ours: Ours, idle: Callable[[], None], opts: dict[str, Any]
) -> None:
    with mail.worker():
        job_id = str(mail.add("deliver", FAILS_ONCE, **opts)["id"])
        mail.wait_for_state(job_id, "failed")
        idle()
        await ours.retry(job_id)
        ran_within(mail, job_id, 2)
        mail.wait_for_state(job_id, "completed")


@pytest.mark.parametrize("library", ACTED_ON, ids=named)
async def test_an_idle_worker_runs_a_completed_job_again(mail: NodeQueue, ours: Ours, idle: Callable[[], None]) -> None:
    with mail.worker():
        job_id = str(mail.add("deliver", {"script": {"return": 41}})["id"])
        mail.wait_for_state(job_id, "completed")
        idle()
        await ours.retry(job_id)
        ran_within(mail, job_id, 2)
        mail.wait_for_state(job_id, "completed")
    job = mail.job(job_id)
    assert job is not None
    assert job["returnvalue"] == 41


@pytest.mark.parametrize("library", ACTED_ON, ids=named)
@pytest.mark.parametrize("opts", [{}, {"priority": 5}], ids=["plain", "priority"])
async def test_an_idle_worker_takes_a_promoted_job_at_once(
    mail: NodeQueue, ours: Ours, idle: Callable[[], None], opts: dict[str, Any]
) -> None:
    job_id = waiting(mail, delay=FAR, **opts)
    with mail.worker():
        idle()
        await ours.promote(job_id)
        ran_within(mail, job_id, 1)
        mail.wait_for_state(job_id, "completed")


@pytest.mark.parametrize("library", ACTED_ON, ids=named)
async def test_a_resume_sets_idle_workers_going_at_once(mail: NodeQueue, ours: Ours, idle: Callable[[], None]) -> None:
    with mail.worker():
        idle()
        await ours.pause()
        jobs = [waiting(mail), str(mail.add("urgent", priority=2)["id"])]
        await ours.resume()
        for job_id in jobs:
            ran_within(mail, job_id, 1)


@pytest.mark.parametrize("library", ACTED_ON, ids=named)
async def test_after_a_resume_a_delayed_job_runs_when_it_is_due(
    mail: NodeQueue, ours: Ours, idle: Callable[[], None]
) -> None:
    with mail.worker():
        idle()
        await ours.pause()
        job_id = waiting(mail, delay=700)
        await ours.resume()
        began = time.monotonic()
        ran_within(mail, job_id, 1, seconds=AT_ONCE + 0.7)
        assert time.monotonic() - began > 0.4


@pytest.mark.parametrize("library", BULLMQS, ids=named)
@pytest.mark.parametrize("parent", [{}, {"priority": 5}], ids=["plain", "priority"])
async def test_the_parent_of_a_removed_last_child_runs_at_once(
    mail: NodeQueue, ours: Ours, idle: Callable[[], None], parent: dict[str, Any]
) -> None:
    parent_id = family(mail, {"delay": FAR}, **parent)
    with mail.worker():
        idle()
        outcome = await ours.remove("child0")
        ran_within(mail, parent_id, 1)
    assert "parent" in outcome.sentence


@pytest.mark.parametrize("library", ACTED_ON, ids=named)
async def test_listeners_of_the_library_hear_what_we_did(mail: NodeQueue, ours: Ours) -> None:
    retried, promoted = failed(mail), str(mail.add("later", delay=FAR)["id"])
    mail.record_events()
    await ours.retry(retried)
    await ours.promote(promoted)
    await ours.pause()
    await ours.resume()
    heard = [mail.wait_for_event("waiting", job_id) for job_id in (retried, promoted)]
    mail.wait_for_event("paused")
    mail.wait_for_event("resumed")
    if not mail.library.facts.is_bull:
        assert [event["prev"] for event in heard] == ["failed", "delayed"]
        await ours.remove(retried)
        assert mail.wait_for_event("removed", retried)["prev"] == "wait"


@pytest.mark.parametrize("library", BULLS, ids=named)
async def test_bull_queue_objects_learn_of_a_pause_and_wait(mail: NodeQueue, ours: Ours) -> None:
    await ours.pause()
    assert mail.is_paused()
    await ours.resume()
    assert not mail.is_paused()


@pytest.mark.parametrize("library", ACTED_ON, ids=named)
async def test_8_8_the_librarys_getters_agree_with_us_and_change_nothing_by_looking(
    mail: NodeQueue, ours: Ours, redis: Any
) -> None:
    broken, done = failed(mail), completed_other(mail)
    later = str(mail.add("later", delay=FAR)["id"])
    urgent = str(mail.add("urgent", priority=2)["id"])
    for act, job_id, words in (
        (ours.retry, broken, {"waiting", "wait"}),
        (ours.promote, later, {"waiting", "wait"}),
        (ours.retry, done, {"waiting", "wait"}),
    ):
        await act(job_id)
        assert_looking_is_harmless(mail, redis, ours.base)
        assert mail.state(job_id) in words
    await ours.pause()
    assert mail.is_paused()
    assert_looking_is_harmless(mail, redis, ours.base)
    await ours.remove(urgent)
    assert mail.job(urgent) is None
    await ours.resume()
    assert not mail.is_paused()
    markers = [item for item in redis.lrange(f"{ours.base}wait", 0, -1) if item == b"0" or item.startswith(b"0:")]
    assert sum(mail.counts("waiting", "paused").values()) - 3 in (0, len(markers)), "some versions count markers"
    assert_looking_is_harmless(mail, redis, ours.base)


def completed_other(mail: NodeQueue) -> str:
    with mail.worker():
        job_id = str(mail.add("other")["id"])
        mail.wait_for_state(job_id, "completed")
    return job_id


def assert_looking_is_harmless(mail: NodeQueue, redis: Any, base: str) -> None:
    """Up to 4 looking pops a marker from the list, whoever left it there: that is the hazard, not ours to mend."""
    if mail.library.facts.dialect in ("mq_list", "mq4"):
        return
    before = keys_of(redis, base)
    mail.counts()
    for state in ("waiting", "delayed", "failed", "completed", "paused"):
        mail.jobs(state)
    assert keys_of(redis, base) == before
