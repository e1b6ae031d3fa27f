"""A job that was removed and put back is the same to its library: workers take it, listeners hear it, retries go on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from core.undo.front import put_back
from core.undo.reading import read_whole
from tests.interop.node_driver import NodeQueue
from tests.interop.ours import ACTED_ON, Ours, named
from tests.interop.scenario import FAR, waiting

pytestmark = pytest.mark.parametrize("library", ACTED_ON, ids=named)
FAILS_ONCE = {"script": {"failTimes": 1}}


async def removed(ours: Ours, job_id: str) -> Callable[[], Any]:
    """What puts it back."""
    kept = await read_whole(ours.instance, ours.queue, [job_id.encode()])
    assert [job.id for job in kept.jobs] == [job_id.encode()]
    await ours.remove(job_id)
    return lambda: put_back(ours.instance, ours.queue, kept.jobs)


@pytest.mark.proves("restore")
@pytest.mark.parametrize("opts", [{}, {"priority": 5}, {"lifo": True}], ids=["plain", "priority", "lifo"])
async def test_an_idle_worker_takes_a_job_that_is_put_back(
    mail: NodeQueue, ours: Ours, idle: Callable[[], None], opts: dict[str, Any]
) -> None:
    job_id = waiting(mail, **opts)
    restore = await removed(ours, job_id)
    assert mail.job(job_id) is None
    with mail.worker():
        idle()
        (answer,) = await restore()
        assert answer.code == "ok"
        mail.wait_for_state(job_id, "completed")


@pytest.mark.proves("restore")
async def test_a_delayed_job_that_is_put_back_waits_for_its_time_again(mail: NodeQueue, ours: Ours) -> None:
    job_id = waiting(mail, delay=FAR)
    before = mail.job(job_id)
    restore = await removed(ours, job_id)
    await restore()
    assert mail.job(job_id) == before
    mail.wait_for_state(job_id, "delayed")
    await ours.promote(job_id)
    with mail.worker():
        mail.wait_for_state(job_id, "completed")


@pytest.mark.proves("restore")
async def test_a_failed_job_that_is_put_back_can_be_retried(mail: NodeQueue, ours: Ours) -> None:
    with mail.worker():
        job_id = str(mail.add("deliver", FAILS_ONCE)["id"])
        mail.wait_for_state(job_id, "failed")
        before = mail.job(job_id)
        restore = await removed(ours, job_id)
        await restore()
        assert mail.job(job_id) == before
        await ours.retry(job_id)
        mail.wait_for_state(job_id, "completed")
