"""What tests of the feed have in common: somebody looks, something happens, and what is shown of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import redis as redis_py

from core.feed.feed import Feed
from core.feed.wanted import Wanted
from core.herd import Herd
from core.model import QueueId

MAIL, VIDEO = QueueId("default", "bull", "mail"), QueueId("default", "bull", "video")
ALL = Wanted()
Eventually = Callable[[Callable[[], Any]], Awaitable[Any]]


def happens(redis: redis_py.Redis, base: bytes, event: str, job_id: str = "1", **fields: Any) -> None:
    told: dict[Any, Any] = {"event": event, "jobId": job_id, **fields}
    redis.xadd(base + b"events", told)


async def begun(herd: Herd, eventually: Eventually) -> Feed:
    """Somebody looks, and it is followed."""
    herd.feed.glance()
    await eventually(lambda: (f := herd.events.following("default")) and f.since)
    return herd.feed


async def kinds(feed: Feed, wanted: Wanted = ALL) -> list[str]:
    """What is shown, oldest first."""
    return [event.kind for event in reversed((await feed.look(wanted, 1000)).events)]
