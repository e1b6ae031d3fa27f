"""`import`: long jobs with a progress of 0 to 100, some of whose workers die under them, so that they stall."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from random import Random

from bullmq import Job, Queue

from tickbird.demo.fleet.cast import customer, token
from tickbird.demo.fleet.desk import DAY_OF_METRICS, KEEP_COMPLETED, KEEP_FAILED, Desk, Draft, Json, Shift, Source

STEPS = 40
# A dead worker's job is noticed within some 10 s; BullMQ's own defaults would take up to a minute.
OPTIONS = {**DAY_OF_METRICS, "lockDuration": 4000, "stalledInterval": 2000}


def files(rng: Random) -> Iterator[Draft]:
    while True:
        rows = rng.randint(4_000, 250_000)
        data = {
            "file": f"sftp://in.example/{token(rng, 5)}/{rng.choice(('orders', 'contacts', 'stock'))}.csv",
            "rows": rows,
            "customer": customer(rng),
            "badRow": rng.randint(1, rows) if rng.random() < 0.12 else None,
        }
        opts = {"attempts": 2, "backoff": {"type": "fixed", "delay": 3000}}
        yield Draft("import-csv", data, {**opts, "removeOnComplete": KEEP_COMPLETED, "removeOnFail": KEEP_FAILED})


async def import_csv(job: Job, shift: Shift) -> Json:
    rows = job.data["rows"]
    seconds = shift.luck.uniform(12, 25)
    await job.log(f"opened {job.data['file']}, {rows} rows")
    for step in range(STEPS):
        await job.updateProgress(round(step / STEPS * 100, 1))
        await shift.sleep(seconds / STEPS)
        _read_rows(job, up_to=rows * (step + 1) // STEPS)
    await job.updateProgress(100)
    return {"imported": rows, "skipped": shift.luck.randint(0, 9)}


def _read_rows(job: Job, *, up_to: int) -> None:
    bad = job.data["badRow"]
    if bad and bad <= up_to:
        _parse_amount("12,4O", row=bad)


def _parse_amount(text: str, *, row: int) -> float:
    try:
        return float(text.replace(",", "."))
    except ValueError as error:
        raise ValueError(f"row {row}: {text!r} is not an amount") from error


async def deliver_the_first_files(queue: Queue, rng: Random) -> None:
    """Enough for each worker, so that the one that dies has something to let stall."""
    await queue.addBulk([draft.for_bulk() for draft in islice(files(rng), 4)])


DESK = Desk(
    queue="import",
    sources=(Source(drafts=files, share=0.018, backlog=12),),
    work=import_csv,
    worker="importer-1",
    concurrency=1,
    seconds=18,
    past=8,
    opening=deliver_the_first_files,
    options=OPTIONS,
)
