"""`push`: notifications behind a provider's rate limit, and gone from Redis once they are delivered."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from bullmq import Job

from tickbird.demo.fleet.cast import token
from tickbird.demo.fleet.desk import DAY_OF_METRICS, KEEP_FAILED, Desk, Draft, Json, Shift, Source
from tickbird.demo.fleet.failures import Failure, FinalFailure

TEXTS = (
    "Your parcel is out for delivery",
    "New comment on your ticket",
    "Your invoice is ready",
    "Your driver is here",
)
APNS = (
    "ClientHttp2Session.<anonymous> (/app/node_modules/apns2/dist/apns.js:88:15)",
    "ClientHttp2Stream.emit (node:events:531:35)",
    "emit (node:internal/http2/core:331:3)",
    "process.processTicksAndRejections (node:internal/process/task_queues:90:21)",
)


def notifications(rng: Random) -> Iterator[Draft]:
    while True:
        platform = rng.choice(("ios", "android", "web"))
        data = {"device": token(rng, 24), "platform": platform, "title": rng.choice(TEXTS), "badge": rng.randint(0, 9)}
        opts = {"attempts": 3, "backoff": {"type": "fixed", "delay": 2000}}
        yield Draft(f"{platform}-push", data, {**opts, "removeOnComplete": True, "removeOnFail": KEEP_FAILED})


async def deliver(job: Job, shift: Shift) -> Json:
    await shift.sleep(shift.luck.uniform(0.03, 0.15))
    if shift.luck.random() < 0.01:
        raise FinalFailure(f"410 Unregistered: {job.data['device']}", *APNS, kind="ApnsError")
    if shift.luck.random() < 0.03:
        raise Failure("503 ServiceUnavailable: The server is shutting down", *APNS, kind="ApnsError")
    return {"apnsId": token(shift.luck, 16)}


DESK = Desk(
    queue="push",
    sources=(Source(drafts=notifications, share=0.2, batch=12, backlog=150),),
    work=deliver,
    worker="push-1",
    concurrency=4,
    seconds=0.1,
    past=90,
    headroom=1.6,
    # A rate-limited worker of bullmq for Python waits for a marker or for drainDelay, not for the limit's end.
    options={**DAY_OF_METRICS, "drainDelay": 1},
)
