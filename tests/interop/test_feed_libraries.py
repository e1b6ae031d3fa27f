"""What every library says while somebody looks: events as they come, log lines as they grow, one job's status."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest
import redis as redis_py

from core.errors import Unavailable
from core.feed.event import Event
from core.feed.wanted import Wanted
from core.herd import Herd
from core.job import Job
from core.redis_settings import RedisSettings
from core.settings import Settings
from dashboard.api.job_shapes import status
from tests.core.waiting import soon
from tests.interop.node_driver import LIBRARIES, Library, NodeDriver, NodeQueue
from tests.interop.reading import MAIL, named
from tickbird.demo.server import EmbeddedServer

Eventually = Callable[[Callable[[], Any]], Awaitable[Any]]


@pytest.fixture(params=LIBRARIES, ids=named)
def library(request: pytest.FixtureRequest) -> Library:
    chosen: Library = request.param
    return chosen


@pytest.fixture
def mail(node: NodeDriver, library: Library) -> NodeQueue:
    return node.library(library.alias).queue("mail")


@pytest.fixture
async def herd(
    server: EmbeddedServer, redis: redis_py.Redis, mail: NodeQueue, eventually: Eventually
) -> AsyncIterator[Herd]:
    """A herd that follows nothing by itself, and knows the queue from a job that waits in it."""
    mail.add("first", {"script": {"return": 0}})
    herd = Herd(Settings(redis=(RedisSettings("default", server.url),)))
    await herd.start()
    with herd.watching():
        await eventually(lambda: herd.snapshot().queue(MAIL))
        yield herd
    await herd.stop()


async def looked_at(herd: Herd, redis: redis_py.Redis, eventually: Eventually) -> None:
    """Somebody looks at the feed, and it is followed."""
    herd.feed.glance()
    await eventually(lambda: (f := herd.events.following("default")) and f.since)
    queue = herd.snapshot().queue(MAIL)
    if queue is not None and queue.identity.library == "bull":
        await eventually(redis.pubsub_numpat)


def of(herd: Herd, job_id: str) -> list[Event]:
    """What was told of one job, in its order."""
    return [event for event in herd.feed.ring if Wanted(queue=MAIL, job=job_id).takes(event)]


@pytest.mark.proves("live-events")
async def test_a_jobs_events_come_as_they_happen_with_what_they_say(
    herd: Herd, mail: NodeQueue, library: Library, redis: redis_py.Redis, eventually: Eventually
) -> None:
    await looked_at(herd, redis, eventually)
    steps = [{"progress": [{"step": 1}, 62.5]}, {"return": {"sent": 7}}]
    with mail.worker():
        good = str(mail.add("welcome", {"script": steps})["id"])
        bad = str(mail.add("invoice", {"script": {"fail": "no such address"}})["id"])
        await eventually(lambda: of(herd, good)[-1:] and of(herd, good)[-1].kind == "completed")
        await eventually(lambda: any(event.kind == "failed" for event in of(herd, bad)))
    mail.pause()
    await eventually(lambda: [e for e in herd.feed.ring if e.kind == "paused"])

    told = of(herd, good)
    kinds = [event.kind for event in told]
    expected = ["waiting", "active", "progress", "progress", "completed"]
    assert [kind for kind in kinds if kind in expected] == expected
    assert ("added" in kinds) == (not library.is_bull)
    progress = [event.value("progress") for event in told if event.kind == "progress"]
    assert progress == [{"step": 1}, 62.5]
    assert told[-1].value("returnvalue") == {"sent": 7}
    assert {event.name for event in told if event.kind == "completed"} == {"welcome"}
    (failed,) = [event for event in of(herd, bad) if event.kind == "failed"]
    assert "no such address" in failed.value("failedReason")


@pytest.mark.proves("follow-logs")
async def test_log_lines_are_there_as_soon_as_the_job_has_written_them(
    herd: Herd, mail: NodeQueue, eventually: Eventually
) -> None:
    steps = [{"log": ["one", "two"]}, {"hold": "more"}, {"log": ["three"]}, {"hold": "end"}]
    job = str(mail.add("welcome", {"script": steps})["id"])
    with mail.worker() as worker:
        await eventually(lambda: any(held["token"] == "more" for held in worker.held()))
        await soon(lambda: _reads(herd, job, -200, (0, ("one", "two"))))
        worker.release("more")
        await eventually(lambda: any(held["token"] == "end" for held in worker.held()))
        await soon(lambda: _reads(herd, job, -2, (1, ("two", "three"))))
        worker.release("end")


async def _reads(herd: Herd, job: str, start: int, expected: tuple[int, tuple[str, ...]]) -> bool:
    """Whether the log reads so now; a busy machine may take longer than a page waits."""
    herd.sight.forget(MAIL)
    with suppress(Unavailable):
        logs = await herd.logs(MAIL, job, start=start)
        return (logs.start, logs.lines) == expected
    return False


@pytest.mark.proves("job-status")
async def test_the_status_of_a_job_says_how_it_stands_all_the_way(
    herd: Herd, mail: NodeQueue, eventually: Eventually
) -> None:
    steps = [{"progress": [{"percent": 40}]}, {"hold": "there"}, {"return": {"url": "/report.pdf"}}]
    data = {"script": steps}
    job = str(mail.add("report", data)["id"])
    waiting = status(await _fresh_job(herd, job))
    with mail.worker() as worker:
        await eventually(worker.held)
        running = status(await _fresh_job(herd, job))
        worker.release("there")
        await eventually(lambda: mail.state(job) == "completed")
    done = status(await _fresh_job(herd, job))

    assert {name: waiting[name] for name in ("id", "state", "data", "error")} == {
        "id": job,
        "state": "waiting",
        "data": data,
        "error": None,
    }
    assert (running["state"], running["progress"], running["result"]) == ("active", {"percent": 40}, None)
    assert (done["state"], done["result"], done["error"]) == ("completed", {"url": "/report.pdf"}, None)


async def _fresh_job(herd: Herd, job: str) -> Job:
    async def read() -> Job | None:
        herd.sight.forget(MAIL)
        with suppress(Unavailable):  # a busy machine may take longer than a page waits
            return await herd.job(MAIL, job)
        return None

    found = await soon(read)
    assert found is not None
    return found
