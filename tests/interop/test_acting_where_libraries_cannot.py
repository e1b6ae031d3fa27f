"""What a library offers no call for, or not in that version: we do it, and its own workers take it as they should."""

from __future__ import annotations

import time
from typing import Any

import pytest

from core.instance import Instance
from tests.interop.keyspace import keys_of
from tests.interop.node_driver import Library, NodeDriver, NodeQueue, until
from tests.interop.ours import ACTED_ON, BULLS, Ours, named
from tests.interop.scenario import FAILING, FAR, company, run_until

IN_LIST = tuple(library for library in ACTED_ON if not library.has_prioritized_state)
JOB = {"deep": {"list": [1, None, "two"]}, "script": {"return": "done"}}


def order_of_runs(mail: NodeQueue, jobs: int) -> list[str]:
    with mail.worker(concurrency=1):
        until(lambda: len([run for run in mail.truth() if run["outcome"]]) == jobs)
    return [run["jobId"] for run in mail.truth()]


@pytest.mark.proves("change_priority")
@pytest.mark.parametrize("library", IN_LIST, ids=named)
async def test_workers_run_jobs_in_the_order_of_their_new_priorities(mail: NodeQueue, ours: Ours, redis: Any) -> None:
    for name, priority in (("a", 1), ("b", 2), ("c", 3), ("d", 4)):
        mail.add("deliver", jobId=name, priority=priority)
    mail.add("deliver", jobId="plain")
    await ours.change_priority("d", 2)
    await ours.change_priority("a", 5)
    await ours.change_priority("plain", 1)
    assert order_of_runs(mail, 5) == ["plain", "b", "d", "c", "a"]
    assert not redis.exists(f"{ours.base}priority")


@pytest.mark.proves("change_delay")
@pytest.mark.parametrize("library", BULLS, ids=named)
async def test_bull_workers_learn_of_a_new_delay_and_keep_it(mail: NodeQueue, ours: Ours) -> None:
    mail.add("deliver", jobId="sooner", delay=FAR)
    with mail.worker():
        began = time.monotonic()
        await ours.change_delay("sooner", 500)
        until(lambda: mail.state("sooner") == "completed", timeout=4)
        assert time.monotonic() - began > 0.4


@pytest.mark.proves("duplicate")
@pytest.mark.parametrize("opts", [{}, {"priority": 4, "attempts": 3}, {"lifo": True}], ids=["plain", "urgent", "lifo"])
@pytest.mark.parametrize("library", ACTED_ON, ids=named)
async def test_a_copy_is_what_the_library_would_have_added(
    node: NodeDriver, redis: Any, instance: Instance, library: Library, opts: dict[str, Any]
) -> None:
    theirs, copied = (node.library(library.alias).queue(name) for name in ("mail-theirs", "mail-ours"))
    for queue in (theirs, copied):
        queue.open()
        queue.add("deliver", JOB, jobId="subject", delay=FAR, **opts)
        company(queue)
    added = str(theirs.add("deliver", JOB, **opts)["id"])
    outcome = await Ours(instance, copied).duplicate("subject")
    assert outcome.job_id == added
    expected, seen = (keys_of(redis, f"bull:{queue.name}:") for queue in (theirs, copied))
    for keys in (expected, seen):
        keys.pop("events", None)
        keys[added]["opts"] = keys[added]["opts"].replace('"delay": 0, ', "").replace(', "delay": 0', "")
    assert seen == expected


@pytest.mark.proves("duplicate")
@pytest.mark.parametrize("library", ACTED_ON, ids=named)
async def test_a_copy_of_a_failed_job_runs_with_other_data_and_leaves_the_failed_one(
    mail: NodeQueue, ours: Ours
) -> None:
    run_until(mail, str(mail.add("deliver", FAILING, jobId="broken")["id"]), "failed")
    outcome = await ours.duplicate("broken", data='{"script":{"return":41}}')
    run_until(mail, str(outcome.job_id), "completed")
    job = mail.job(str(outcome.job_id))
    assert job is not None
    assert job["returnvalue"] == 41
    assert mail.state("broken") == "failed"
