"""`data-cleanup`: job schedulers, by cron pattern in several time zones and by interval."""

from __future__ import annotations

from random import Random
from typing import Any

from bullmq import Job, Queue

from tickbird.demo.fleet.desk import Desk, Json, Shift

SCHEDULES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "purge-expired-sessions": ({"every": 15_000}, {"table": "sessions", "olderThanDays": 30}),
    "refresh-search-index": ({"every": 60_000, "offset": 20_000}, {"index": "products"}),
    "delete-abandoned-carts": ({"pattern": "* * * * *", "tz": "Asia/Tokyo"}, {"table": "carts", "olderThanDays": 14}),
    "rotate-audit-log": ({"pattern": "0 3 * * *", "tz": "Europe/Berlin"}, {"keepDays": 365}),
    "vacuum-database": ({"pattern": "30 2 * * 0", "tz": "America/New_York"}, {"full": False}),
    "archive-orders": ({"pattern": "15 4 1 * *", "tz": "Australia/Sydney"}, {"olderThanMonths": 18}),
}
OPTS = {"attempts": 2, "removeOnComplete": {"count": 100}, "removeOnFail": {"count": 100}}


async def hang_up_the_schedules(queue: Queue, _: Random) -> None:
    for name, (repeat, data) in SCHEDULES.items():
        await queue.upsertJobScheduler(name, repeat, name, data, OPTS)


async def clean(job: Job, shift: Shift) -> Json:
    await shift.sleep(shift.luck.uniform(0.4, 2.5))
    if shift.luck.random() < 0.04:
        raise TimeoutError("canceling statement due to lock timeout")
    deleted = shift.luck.randint(0, 40_000)
    await job.log(f"{job.name}: {deleted} rows")
    return {"deleted": deleted, "freedBytes": deleted * shift.luck.randint(200, 900)}


DESK = Desk(
    queue="data-cleanup", work=clean, worker="janitor-1", concurrency=1, seconds=1.5, opening=hang_up_the_schedules
)
