"""The lock of a job while a real worker holds it: its rhythm is learned, and what goes wrong is told apart."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from core.herd import Herd
from core.workers import judging
from core.workers.crew import Condition, Pulse
from tests.core.waiting import herding, soon
from tests.interop.node_driver import LIBRARIES, NodeDriver, NodeQueue, until
from tests.interop.ours import named
from tickbird.demo.server import EmbeddedServer

EVERY = pytest.mark.parametrize("library", LIBRARIES, ids=named)
SOME = pytest.mark.parametrize("library", [each for each in LIBRARIES if each.alias in ("bull4", "bullmq6")], ids=named)
LOCK = 1_500


@pytest.fixture
def apart(server: EmbeddedServer, mail: NodeQueue) -> Iterator[NodeQueue]:
    """The same queue in a Node process of its own, which may be blocked without harm."""
    with NodeDriver.start(server.port) as driver:
        yield driver.library(mail.library.facts.alias).queue(mail.name)
        driver.kill()


async def pulse(herd: Herd, *conditions: Condition) -> Pulse | None:
    """The one pulse there is, once it is in one of these conditions."""
    herd.sight.shared.forget(lambda _: True)
    pulses = (await herd.workers.look()).pulses
    return pulses[0] if pulses and pulses[0].condition in (conditions or tuple(Condition)) else None


async def renewed(herd: Herd) -> Pulse | None:
    found = await pulse(herd, Condition.BEATING)
    return found if found and found.renewed_at else None


@pytest.mark.proves("lock-pulse")
@EVERY
async def test_a_blocked_worker_is_told_by_the_renewal_that_does_not_come(
    server: EmbeddedServer, mail: NodeQueue, apart: NodeQueue
) -> None:
    worker = apart.worker(lockDuration=LOCK, stalledInterval=60_000)
    mail.add("deliver", {"script": [{"hold": "gate"}, {"block": 4_000}]})
    async with herding(server.url) as herd:
        well = await soon(lambda: renewed(herd))
        assert well
        assert well.usual == pytest.approx(LOCK, rel=0.2)
        await asyncio.to_thread(worker.release, "gate")
        bad = await soon(lambda: pulse(herd, Condition.BLOCKED, Condition.DEAD, Condition.ORPHANED))
    assert bad
    assert bad.condition is Condition.BLOCKED, bad.evidence
    assert "event loop" in bad.evidence


@SOME
async def test_a_job_that_goes_nowhere_is_hung_until_it_moves(
    server: EmbeddedServer, mail: NodeQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judging, "LONG", 1_000)
    monkeypatch.setattr("core.workers.front.LONG", 1_000)
    monkeypatch.setattr(judging, "STILL_LEAST", 700)
    with mail.worker(lockDuration=LOCK):
        for job in [mail.add("deliver", {"script": {"return": 1}}) for _ in range(4)]:
            mail.wait_for_state(str(job["id"]), "completed")
        job_id = str(mail.add("deliver", {"script": {"hold": "gate"}})["id"])
        async with herding(server.url) as herd:
            hung = await soon(lambda: pulse(herd, Condition.HUNG))
            assert hung
            assert "of the last 4 of its name" in hung.evidence
            mail.update_progress(job_id, 50)
            await soon(lambda: pulse(herd, Condition.BEATING))


@pytest.mark.parametrize("library", [each for each in LIBRARIES if each.alias == "bullmq6"], ids=named)
async def test_a_worker_that_shuts_down_in_order_is_not_dead_once_it_is_seen_to_renew(
    server: EmbeddedServer, mail: NodeQueue, redis: Any
) -> None:
    worker = mail.worker(lockDuration=LOCK, concurrency=2)
    mail.add("deliver", {"script": {"hold": "gate"}})
    until(worker.held)
    async with herding(server.url) as herd:
        await soon(lambda: renewed(herd))
        closing = asyncio.create_task(asyncio.to_thread(worker.stop))
        shuts_down = await soon(lambda: leaving(herd))
        worker.release("gate")
        await closing
    assert shuts_down


async def leaving(herd: Herd) -> Pulse | None:
    found = await pulse(herd, Condition.BEATING)
    return found if found and "shuts down" in found.evidence else None
