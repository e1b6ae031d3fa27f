"""`image-processing`: long jobs whose progress is an object, with a log line for each step."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from bullmq import Job

from tickbird.demo.fleet.cast import customer, token
from tickbird.demo.fleet.desk import KEEP_COMPLETED, KEEP_FAILED, Desk, Draft, Json, Shift, Source
from tickbird.demo.fleet.failures import Failure

SIZES = (320, 640, 1280, 2560)
STEPS = ("download original", "decode", "resize to 320", "resize to 640", "resize to 1280", "optimise", "upload")
SECONDS = (5.0, 20.0)
TICK = 0.6
SHARP = (
    "Sharp.toBuffer (/app/node_modules/sharp/lib/output.js:163:17)",
    "resizeTo (/app/dist/images/resize.js:41:24)",
    "async Promise.all (index 2)",
    "async renderVariants (/app/dist/images/variants.js:27:5)",
    "async Worker.processJob (/app/node_modules/bullmq/dist/cjs/classes/worker.js:564:28)",
)


def uploads(rng: Random) -> Iterator[Draft]:
    while True:
        name = f"{rng.choice(('IMG', 'DSC', 'scan', 'product'))}_{rng.randint(1000, 9999)}"
        data = {
            "source": f"s3://uploads/{token(rng, 6)}/{name}.{rng.choice(('jpg', 'heic', 'png', 'tiff'))}",
            "bytes": rng.randint(400_000, 24_000_000),
            "variants": [{"width": width, "format": "webp"} for width in SIZES],
            "customer": customer(rng),
        }
        opts = {"attempts": 3, "backoff": {"type": "fixed", "delay": 5000}}
        opts |= {"removeOnComplete": KEEP_COMPLETED, "removeOnFail": KEEP_FAILED}
        yield Draft(rng.choices(("make-variants", "make-avatar"), (4, 1))[0], data, opts)


async def process(job: Job, shift: Shift) -> Json:
    seconds = shift.luck.uniform(*SECONDS)
    doomed_at = shift.luck.randint(2, 5) if shift.luck.random() < 0.07 else None
    for step, operation in enumerate(STEPS, start=1):
        await _step(job, shift, step=step, seconds=seconds / len(STEPS))
        if step == doomed_at:
            await job.log(f"{operation}: failed")
            raise Failure("Input buffer contains unsupported image format", *SHARP)
        await job.log(f"{operation}: done in {seconds / len(STEPS) * 1000:.0f} ms")
    saved = shift.luck.uniform(0.4, 0.9)
    return {"variants": len(SIZES), "bytes": round(job.data["bytes"] * (1 - saved)), "saved": f"{saved:.0%}"}


async def _step(job: Job, shift: Shift, *, step: int, seconds: float) -> None:
    ticks = max(1, round(seconds / TICK))
    for tick in range(ticks):
        percent = (step - 1 + tick / ticks) / len(STEPS) * 100
        await job.updateProgress(_progress(step, percent))
        await shift.sleep(seconds / ticks)
    await job.updateProgress(_progress(step, step / len(STEPS) * 100))


def _progress(step: int, percent: float) -> dict[str, Json]:
    return {
        "step": step,
        "totalSteps": len(STEPS),
        "currentOperation": STEPS[step - 1],
        "percent": round(percent, 2),
    }


DESK = Desk(
    queue="image-processing",
    sources=(Source(drafts=uploads, share=0.045, batch=2, backlog=30),),
    work=process,
    worker="imager-1",
    concurrency=3,
    seconds=12.5,
    past=14,
)
