"""Attempts of which the events alone do not tell how they ended: failed and to be tried again, or only put back.

`retryJob`, `rateLimit` and `moveToWait` all say `waiting`; a backoff and `moveToDelayed` both say `delayed`. The
job's own count of attempts grows for a failed one only, so it is asked, in one go for all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.events.seen import PUT_OFF, REQUEUED, RETRIED
from core.events.tracked import Tracked
from core.instance import pack
from core.text import integer


@dataclass(slots=True)
class Unsettled:
    """An attempt that ended: of which job, how long it ran, and whether the job is delayed now."""

    job_id: bytes
    job: Tracked
    run: int | None
    delayed: bool


def question(base: bytes, job_id: bytes) -> bytes:
    """What tells: the attempts that were made, whether there ever was a failure, and whether the job is there."""
    return pack(b"HMGET", base + job_id, b"atm", b"failedReason", b"name")


def results(ended: Sequence[Unsettled], reply: Any) -> list[int]:
    """How each of these attempts of one job ended, by `RESULTS`, in order. The job's count is brought up to date."""
    count, reason, name = reply if isinstance(reply, list) else (None, None, None)
    made, job = integer(count), ended[0].job
    if name is None:
        # Finished and removed meanwhile, which is what a job does that was tried again at once.
        failed = len(ended)
    elif made is None or job.made is None:
        # An old version, which counts otherwise; or a job whose beginning was not seen.
        failed = 0 if reason is None else len(ended)
    else:
        failed = min(len(ended), max(0, made - job.made - job.done))
    job.made = made if job.made is None else job.made + failed
    return [RETRIED if place < failed else (PUT_OFF if each.delayed else REQUEUED) for place, each in enumerate(ended)]
