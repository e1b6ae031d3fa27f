"""Flows made by the real library: what we let run again its workers finish, and what we remove is gone as if it had
removed it itself."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import pytest
import redis as redis_py

from core.herd import Herd
from core.model import Dialect, State
from core.redis_settings import RedisSettings
from core.settings import Settings
from tests.core.waiting import read_now
from tests.interop.flow_company import (
    BY_CHANCE,
    CHAPTER,
    PICTURE,
    REPORT,
    Company,
    job,
)
from tests.interop.keyspace import keys_of
from tests.interop.node_driver import Library, NodeDriver, NodeQueue, until
from tests.interop.ours import BULLMQS, named
from tests.interop.scenario import FAR, after_the_last_word, newer_bullmq
from tickbird.demo.server import EmbeddedServer


@pytest.fixture
async def company(
    server: EmbeddedServer, redis: redis_py.Redis, node: NodeDriver, library: Library
) -> AsyncIterator[Company]:
    pinned = RedisSettings("default", server.url, ("*",), (("*", Dialect(library.dialect)),))
    herd = Herd(Settings(redis=(pinned,)))
    yield Company(herd, node, library)
    await herd.stop()


@pytest.mark.proves("retry-failed-leaves")
@pytest.mark.parametrize("library", BULLMQS, ids=named)
async def test_once_the_failed_leaves_are_retried_the_workers_finish_the_flow(company: Company) -> None:
    once = {"script": {"failTimes": 1, "fail": "no such file"}}
    company.add(
        job(
            "report",
            "top",
            job("chapter", "one", job("picture", "a", **once), job("picture", "b")),
            job("chapter", "two", job("picture", "c", failParentOnFailure=True, **once), failParentOnFailure=True),
            job("picture", "d", **once),
        )
    )
    with company.working():
        until(lambda: len(company.picture.ids("failed")) == 3 and company.picture.state("b") == "completed")
        until(company.is_quiet)
    await read_now(company.herd)
    failed_parents = [q.state(j) for q, j in ((company.chapter, "two"), (company.report, "top"))].count("failed")
    done = await company.herd.flows.retry_failed(REPORT, "top")
    assert (done.done, done.left, done.rest) == (3, (), 0)
    assert len(done.results) == 3 + failed_parents
    with company.working():
        company.report.wait_for_state("top", "completed")
    assert all(company.picture.state(job_id) == "completed" for job_id in "abcd")
    again = await company.herd.flows.retry_failed(REPORT, "top")
    assert (again.done, again.results) == (0, ())


@pytest.mark.parametrize("library", [each for each in BULLMQS if newer_bullmq(each)], ids=named)
async def test_a_retry_from_below_lets_the_failed_parents_above_wait_again(company: Company) -> None:
    once = {"script": {"failTimes": 1}}
    low = job("picture", "low", failParentOnFailure=True, **once)
    company.add(job("report", "top", job("chapter", "mid", low, failParentOnFailure=True)))
    with company.working():
        until(lambda: company.report.state("top") == "failed" and company.chapter.state("mid") == "failed")
    await read_now(company.herd)
    await company.herd.flows.retry_failed(PICTURE, "low")
    assert company.chapter.state("mid") == company.report.state("top") == "waiting-children"
    with company.working():
        company.report.wait_for_state("top", "completed")


def mixed(queue: str) -> dict[str, Any]:
    """A parent with children of every kind, all in one queue, whose worker does one thing at a time."""

    def child(job_id: str, *below: dict[str, Any], **opts: Any) -> dict[str, Any]:
        return {**job("line", job_id, *below, **opts), "queueName": queue}

    return child(
        "top",
        child("done"),
        child("broken", script={"fail": "550"}),
        child("held", script={"hold": "gate"}),
        child("waiting"),
        child("later", delay=FAR),
        child("mid", child("low"), child("low-later", delay=FAR)),
    )


def settle(mail: NodeQueue) -> None:
    until(lambda: mail.state("done") == "completed" and mail.state("broken") == "failed")
    mail.wait_for_state("held", "active")


def left_of(redis: redis_py.Redis, queue: NodeQueue) -> dict[str, Any]:
    keys = keys_of(redis, f"{queue.prefix}:{queue.name}:")
    return {name: value for name, value in keys.items() if name not in BY_CHANCE}


@pytest.mark.proves("remove-unprocessed-children")
@pytest.mark.parametrize("library", [each for each in BULLMQS if newer_bullmq(each)], ids=named)
async def test_unprocessed_children_leave_what_the_library_leaves(company: Company, redis: redis_py.Redis) -> None:
    theirs, ours = company.report, company.chapter
    for queue in (theirs, ours):
        company.add(mixed(queue.name))
    with theirs.worker(), ours.worker():
        for queue in (theirs, ours):
            settle(queue)
        theirs.call("job.removeUnprocessedChildren", "top")
        await read_now(company.herd)
        done = await company.herd.flows.remove_unprocessed(CHAPTER, "top")
        assert left_of(redis, ours) == left_of(redis, theirs)
        assert (done.done, [left.job_id for left in done.left]) == (5, ["held"])
        assert ours.state("top") == "waiting-children"


@pytest.mark.proves("remove-unprocessed-children")
@pytest.mark.parametrize("library", BULLMQS, ids=named)
async def test_with_the_last_unprocessed_child_gone_the_parent_runs(company: Company) -> None:
    company.add(
        job("report", "top", job("picture", "a", delay=FAR), job("chapter", "b", job("picture", "c", delay=FAR)))
    )
    await read_now(company.herd)
    done = await company.herd.flows.remove_unprocessed(REPORT, "top")
    assert (done.done, done.left_count) == (3, 0)
    assert not company.picture.ids("delayed")
    assert not company.chapter.ids("waiting-children")
    with company.working():
        company.report.wait_for_state("top", "completed")


def is_done_with(queue: NodeQueue) -> bool:
    """Two of its jobs failed, and nothing else can be run now."""
    return len(queue.ids("failed")) == 2 and not queue.ids("waiting")


@pytest.mark.proves("remove-flow")
@pytest.mark.parametrize("library", BULLMQS, ids=named)
async def test_a_whole_flow_is_gone_as_if_the_library_had_removed_it(company: Company, redis: redis_py.Redis) -> None:
    theirs, ours = company.report, company.chapter

    def family(queue: str) -> dict[str, Any]:
        low = [{**job("line", f"low{n}", delay=FAR * (n % 2)), "queueName": queue} for n in range(3)]
        mid = {**job("line", "mid", *low), "queueName": queue}
        rest = [{**job("line", f"c{n}", script={"fail": "x"} if n else {}), "queueName": queue} for n in range(3)]
        return {**job("line", "top", mid, *rest), "queueName": queue}

    for queue in (theirs, ours):
        company.add(family(queue.name))
        with queue.worker():
            until(partial(is_done_with, queue))
        after_the_last_word(queue, "top")
        queue.add("bystander", jobId="bystander")
    theirs.remove("top")
    await read_now(company.herd)
    extent = await company.herd.flows.extent(CHAPTER, "top")
    assert (extent.total, extent.running, extent.exact) == (8, 0, True)
    assert extent.counts[CHAPTER, State.FAILED.value] == 2
    done = await company.herd.flows.remove(CHAPTER, "top")
    assert (done.done, done.left_count, done.rest) == (8, 0, 0)
    assert left_of(redis, ours) == left_of(redis, theirs)
    assert not any("top" in key or "mid" in key or "low" in key for key in left_of(redis, ours))
