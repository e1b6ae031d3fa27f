"""Real workers of every library, and the page about them: who is connected, what they run, and who was killed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from starlette.testclient import TestClient

from core.herd import Herd
from core.model import QueueId
from core.redis_settings import RedisSettings
from core.settings import Settings
from core.workers.crew import Condition, Pulse
from dashboard.app import create_app
from tests.core.waiting import herding, soon
from tests.dashboard.browsing import BASE, ORIGIN, Page
from tests.interop.node_driver import LIBRARIES, Library, NodeDriver, NodeQueue, until
from tests.interop.ours import BULLMQS, BULLS, named
from tickbird.demo.server import EmbeddedServer

EVERY = pytest.mark.parametrize("library", LIBRARIES, ids=named)
HELD = {"script": {"hold": "gate"}}
MAIL = QueueId("default", "bull", "mail")
RECORDS_WORKERS = ("bullmq5", "bullmq6")


@pytest.fixture
def doomed(server: EmbeddedServer, mail: NodeQueue) -> Iterator[NodeQueue]:
    """The same queue in a Node process of its own, to be killed."""
    with NodeDriver.start(server.port) as driver:
        yield driver.library(mail.library.facts.alias).queue(mail.name)


@contextmanager
def looking(server: EmbeddedServer) -> Iterator[TestClient]:
    """A browser on a dashboard that watches the server."""
    settings = Settings(redis=(RedisSettings("default", server.url, ("*",)),))
    app = create_app(Herd(settings), settings)
    with TestClient(app, base_url=ORIGIN, headers={"accept": "text/html"}) as client:
        yield client


def shown(client: TestClient) -> str:
    return Page(client.get(f"{BASE}/workers").text).words


def told(client: TestClient) -> str:
    """The page's words, once it speaks of somebody who vanished."""
    words = shown(client)
    return words if "Vanished while jobs were held" in words else ""


def killed(doomed: NodeQueue, job_id: str) -> None:
    until(lambda: job_id in [held["jobId"] for held in doomed.call("worker.held")])
    doomed.library.driver.kill()


@pytest.mark.proves("vanished-worker")
@EVERY
def test_a_killed_worker_is_told_while_its_lock_still_stands(
    server: EmbeddedServer, mail: NodeQueue, doomed: NodeQueue, redis: Any
) -> None:
    """Locks last 30 s, as every library has it: as long as one stands, no stall check can have fired."""
    mail.record_events()
    doomed.worker(name="anna")
    job_id = str(mail.add("deliver", HELD)["id"])
    until(lambda: doomed.call("worker.held"))
    with looking(server) as client:
        until(lambda: "beating" in shown(client))
        with mail.worker(name="survivor"):
            until(lambda: "2 workers of 1 queue" in shown(client))
            assert "vanished" not in shown(client).lower()
            doomed.library.driver.kill()
            words = until(lambda: told(client))
            lock = redis.pttl(f"bull:mail:{job_id}:lock")
    assert lock > 0
    assert mail.events("stalled") == []
    assert f"{job_id} 1 still active" in words
    assert "vanished" in words.partition("Active jobs")[2]


@pytest.mark.parametrize(
    "library", [each for each in LIBRARIES if each.alias in ("bull4", "bullmq4", "bullmq6")], ids=named
)
async def test_a_killed_worker_is_dead_for_us_before_the_library_calls_its_job_stalled(
    server: EmbeddedServer, mail: NodeQueue, doomed: NodeQueue
) -> None:
    options = {"lockDuration": 6_000, "stalledInterval": 1_000}
    mail.record_events()
    doomed.worker(**options)
    job_id = str(mail.add("deliver", HELD)["id"])
    async with herding(server.url) as herd:
        await soon(lambda: at(herd, job_id, Condition.BEATING))
        killed(doomed, job_id)
        with mail.worker(**options, concurrency=1):
            pulse = await soon(lambda: at(herd, job_id, Condition.DEAD))
            assert mail.events("stalled") == []
            assert pulse
            assert pulse.lock_left
            mail.wait_for_event("stalled", job_id, timeout=20)


async def at(herd: Herd, job_id: str, condition: Condition) -> Pulse | None:
    """Its pulse, once it is in that condition."""
    crew = await herd.workers.look()
    return next((p for p in crew.pulses if (p.job_id, p.condition) == (job_id, condition)), None)


@pytest.mark.proves("workers")
@EVERY
async def test_a_worker_is_listed_with_what_it_does(server: EmbeddedServer, mail: NodeQueue, library: Library) -> None:
    with mail.worker(name="anna") as worker:
        async with herding(server.url) as herd:
            (free,) = await soon(lambda: listed(herd, free=True))
            assert (free.queue, free.jobs) == (MAIL, ())
            job_id = str(mail.add("deliver", HELD)["id"])
            (busy,) = await soon(lambda: listed(herd, free=False))
            assert busy.address == free.address
            assert busy.address.startswith("127.0.0.1:")
            await soon(lambda: runs(herd, job_id))
            crew = await herd.workers.of_queue(MAIL)
            assert crew.pulses[0].worker == ("anna" if library.alias in RECORDS_WORKERS else "")
            assert crew.workers[0].name == ("anna" if library.alias in RECORDS_WORKERS else "")
            worker.release("gate")
            await soon(lambda: listed(herd, free=True))


async def listed(herd: Herd, *, free: bool) -> Any:
    crew = await herd.workers.look()
    return [worker for worker in crew.workers if worker.free is free and worker.queue == MAIL]


async def runs(herd: Herd, job_id: str) -> bool:
    crew = await herd.workers.look()
    return [worker.jobs for worker in crew.workers] == [(job_id,)]


@pytest.mark.proves("past-timeout")
@pytest.mark.parametrize("library", BULLS, ids=named)
async def test_a_job_that_outlives_its_timeout_is_marked(
    server: EmbeddedServer, mail: NodeQueue, doomed: NodeQueue
) -> None:
    """Bull itself ends such a job, unless its process is too busy to notice, or dead."""
    doomed.worker()
    job_id = str(mail.add("deliver", HELD, timeout=1_500)["id"])
    killed(doomed, job_id)
    async with herding(server.url) as herd:
        await soon(lambda: past(herd, job_id))
        job = await herd.job(MAIL, job_id)
        assert (job.row.timeout, job.row.past_timeout) == (1_500, True)


async def past(herd: Herd, job_id: str) -> bool:
    return any(p.past_timeout for p in (await herd.workers.look()).pulses if p.job_id == job_id)


@pytest.mark.proves("past-timeout", "absent")
@pytest.mark.parametrize("library", BULLMQS, ids=named)
async def test_bullmq_has_no_timeout_and_the_job_says_so(server: EmbeddedServer, mail: NodeQueue, because: Any) -> None:
    job_id = str(mail.add("deliver", HELD, timeout=1)["id"])
    async with herding(server.url) as herd:
        await soon(lambda: known(herd))
        (said,) = [why for option, why in (await herd.job(MAIL, job_id)).ineffective if option == "timeout"]
    because(said)


async def known(herd: Herd) -> bool:
    return herd.snapshot().queue(MAIL) is not None
