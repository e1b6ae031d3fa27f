"""A queue without events, told by the finished jobs that are left: each counted once."""

from __future__ import annotations

import redis as redis_py

from core.events.reasons import Reasons
from core.events.retained import MOST, SETTLED, Sampled, sample
from core.events.seen import Source
from core.events.tally import Tally
from core.instance import Instance
from core.model import QueueId
from tests.core.layout import failed, queue

MAIL = QueueId("default", "bull", "mail")
START = 1_794_000_000_000


def begun() -> Sampled:
    tally = Tally(Source.RETAINED, Reasons(), most_names=50, timed_names=False)
    return Sampled(tally, MAIL.base, [START, START])


async def test_a_job_is_counted_once_with_its_times_and_attempts(redis: redis_py.Redis, instance: Instance) -> None:
    base, mail = queue(redis), begun()
    failed(redis, base, "1", at=START)
    at = START + 1000
    failed(redis, base, "2", at=at, processedOn=at - 40, timestamp=at - 100, atm=3, failedReason="no such address")

    for _ in range(3):
        await sample(instance, mail, at + SETTLED)

    seen = mail.tally.frozen()
    assert seen.all.finished == (0, 1)
    assert seen.all.attempts[:3] == (0, 1, 2)
    assert seen.reasons == {"stalled": 0, "other": 1}
    assert seen.last_finished == at
    assert (run := seen.all.runs[1])
    assert (total := seen.totals[1])
    assert (run.sum, total.sum) == (40, 100)


async def test_a_job_that_finished_just_now_is_left_for_the_next_look(
    redis: redis_py.Redis, instance: Instance
) -> None:
    base, mail = queue(redis), begun()
    failed(redis, base, "2", at=START + 1000)

    await sample(instance, mail, START + 1000)
    assert mail.tally.frozen().all.finished == (0, 0)

    await sample(instance, mail, START + 1000 + SETTLED)
    assert mail.tally.frozen().all.finished == (0, 1)


async def test_more_than_one_look_may_read_are_counted_in_the_next(redis: redis_py.Redis, instance: Instance) -> None:
    base, mail = queue(redis), begun()
    jobs = 2 * MOST + 50
    for number in range(jobs):
        failed(redis, base, str(number), at=START + 1 + number // 3)

    for _ in range(4):
        await sample(instance, mail, START + 10_000 + SETTLED)

    assert mail.tally.frozen().all.finished == (0, jobs)
