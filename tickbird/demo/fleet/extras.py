"""Queues for what a monitor has to show as well: one paused, one full of delayed jobs, one with large payloads."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from random import Random

from bullmq import Job, Queue

from tickbird.demo.fleet.cast import customer, person, token
from tickbird.demo.fleet.desk import KEEP_COMPLETED, KEEP_FAILED, Desk, Draft, Json, Shift, Source
from tickbird.demo.fleet.failures import Failure

KEPT = {"removeOnComplete": KEEP_COMPLETED, "removeOnFail": KEEP_FAILED}
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
# What base64 turns into exactly one mebibyte.
SCAN_BYTES = 3 * 2**20 // 4
TESSERACT = (
    "Worker.<anonymous> (/app/node_modules/tesseract.js/src/createWorker.js:217:15)",
    "Worker.emit (node:events:519:28)",
    "async recognisePage (/app/dist/ocr.js:31:9)",
)


def texts(rng: Random) -> Iterator[Draft]:
    while True:
        data = {
            "to": f"+49 1555 {rng.randint(1000000, 9999999)}",
            "text": f"Your code is {rng.randint(100000, 999999)}",
        }
        yield Draft("send-sms", data, {"attempts": 3, **KEPT})


async def send_text(_: Job, shift: Shift) -> Json:
    await shift.sleep(shift.luck.uniform(0.1, 0.4))
    return {"sid": f"SM{token(shift.luck, 20)}"}


async def pause_with_a_backlog(queue: Queue, rng: Random) -> None:
    """The provider's contract ran out some hours ago; texts pile up until somebody resumes the queue."""
    await queue.pause()
    now = round(time.time() * 1000)
    ages = sorted((rng.randint(2 * MINUTE, 5 * HOUR) for _ in range(48)), reverse=True)
    dated = zip(ages, islice(texts(rng), len(ages)), strict=True)
    drafts = [replace(draft, opts={**draft.opts, "timestamp": now - age}) for age, draft in dated]
    await queue.addBulk([draft.for_bulk() for draft in drafts])


def reminders(rng: Random) -> Iterator[Draft]:
    """Due in seconds, minutes, hours and days."""
    while True:
        name, delay = rng.choice(
            (
                ("meeting-starts", rng.randint(10_000, 90_000)),
                ("cart-abandoned", rng.randint(2 * MINUTE, HOUR)),
                ("invoice-overdue", rng.randint(HOUR, DAY)),
                ("trial-ends", rng.randint(DAY, 14 * DAY)),
            )
        )
        data = {"customer": customer(rng), "for": person(rng), "channel": rng.choice(("email", "push"))}
        yield Draft(name, data, {"delay": delay, "attempts": 2, **KEPT})


async def remind(_: Job, shift: Shift) -> Json:
    await shift.sleep(shift.luck.uniform(0.1, 0.5))
    return {"reminded": True}


async def fill_the_calendar(queue: Queue, rng: Random) -> None:
    drafts = islice(reminders(rng), 120)
    await queue.addBulk([draft.for_bulk() for draft in drafts])


def scans(rng: Random) -> Iterator[Draft]:
    """Documents that carry their content with them: one mebibyte each."""
    while True:
        content = base64.b64encode(rng.randbytes(SCAN_BYTES)).decode()
        data = {"fileName": f"contract-{token(rng, 6)}.pdf", "pages": rng.randint(2, 40), "contentBase64": content}
        yield Draft("recognise-text", data, {"attempts": 2, "removeOnComplete": 2, "removeOnFail": 2})


async def recognise(job: Job, shift: Shift) -> Json:
    for page in range(1, job.data["pages"] + 1):
        await shift.sleep(0.25)
        await job.updateProgress(round(page / job.data["pages"] * 100, 2))
    if shift.luck.random() < 0.3:
        raise Failure("Image too small to scale!! (2x36 vs min width of 3)", *TESSERACT)
    return {"words": shift.luck.randint(300, 9000), "language": "deu"}


DESKS = (
    Desk(
        queue="sms",
        sources=(Source(drafts=texts, share=0.01, backlog=80),),
        work=send_text,
        worker="sms-1",
        opening=pause_with_a_backlog,
        options={},
    ),
    Desk(
        queue="reminders",
        sources=(Source(drafts=reminders, share=0.02, backlog=250),),
        work=remind,
        worker="reminders-1",
        opening=fill_the_calendar,
    ),
    Desk(
        queue="documents",
        sources=(Source(drafts=scans, share=0.003, backlog=2),),
        work=recognise,
        worker="ocr-1",
        concurrency=1,
        seconds=6,
        past=4,
        options={},
    ),
)
