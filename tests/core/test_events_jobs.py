"""What the events of a job add up to: counts, attempts, and times from event to event."""

from __future__ import annotations

import pytest
import redis as redis_py

from core.events.seen import RESULTS
from core.instance import Instance
from tests.core.told import LATER, Told


@pytest.fixture
def told(redis: redis_py.Redis, instance: Instance) -> Told:
    return Told(redis, instance)


def attempts(told: Told) -> dict[str, int]:
    """How attempts ended, without the ways in which none did."""
    counts = zip(RESULTS, told.tally.frozen().all.attempts, strict=True)
    return {result: count for result, count in counts if count}


async def test_a_job_is_timed_from_one_event_to_the_next(told: Told) -> None:
    told.tell(0, "added", name="welcome")
    told.tell(1, "waiting")
    told.tell(31, "active", prev="waiting")
    told.tell(73, "completed", returnvalue="null", prev="active")

    seen = await told.read()

    assert (seen.all.added, seen.all.finished) == (1, (1, 0))
    assert attempts(told) == {"completed": 1}
    assert seen.all.wait
    assert (seen.all.wait.count, seen.all.wait.sum) == (1, 30)
    assert (run := seen.all.runs[0])
    assert (run.count, run.sum) == (1, 42)
    assert (total := seen.totals[0])
    assert total.sum == 73
    assert (starts := seen.attempts[0])
    assert starts.sum == 1
    assert seen.last_finished == LATER + 73
    assert set(seen.names) == {"welcome"}


async def test_a_job_that_finished_is_not_remembered(told: Told) -> None:
    for event in ("added", "waiting", "active", "completed"):
        told.tell(0, event, name="welcome")
    await told.read()
    assert told.story.jobs == {}


async def test_an_attempt_is_retried_where_the_jobs_own_count_has_grown(told: Told) -> None:
    for at, event in enumerate(("added", "waiting", "active")):
        told.tell(at, event, name="welcome")
    told.tell(12, "waiting", prev="active")
    told.hash(atm=1, failedReason="no such address")

    seen = await told.read()

    assert attempts(told) == {"retried": 1}
    assert (run := seen.all.runs[2])
    assert run.sum == 10


async def test_a_job_that_was_only_put_back_made_no_attempt(told: Told) -> None:
    for at, event in enumerate(("added", "waiting", "active")):
        told.tell(at, event, name="welcome")
    told.tell(12, "waiting", prev="active")
    told.hash(ats=1)

    seen = await told.read()

    assert attempts(told) == {"requeued": 1}
    assert seen.all.runs == (None, None, None)


async def test_a_backoff_is_a_retry_and_a_job_that_put_itself_off_is_not(told: Told) -> None:
    for job in ("1", "2"):
        for at, event in enumerate(("added", "waiting", "active")):
            told.tell(10 * int(job) + at, event, job, name="welcome")
    told.tell(40, "delayed", "1", delay=LATER + 100)
    told.tell(41, "delayed", "2", delay=LATER + 200)
    told.hash("1", atm=1, failedReason="no such address")
    told.hash("2", ats=1)

    await told.read()

    assert attempts(told) == {"retried": 1, "delayed": 1}


async def test_a_job_that_is_gone_when_it_is_asked_for_was_retried(told: Told) -> None:
    for at, event in enumerate(("added", "waiting", "active", "waiting", "active", "completed")):
        told.tell(at, event, name="welcome")

    seen = await told.read()

    assert attempts(told) == {"completed": 1, "retried": 1}
    assert (starts := seen.attempts[0])
    assert starts.sum == 2


async def test_each_of_several_attempts_is_judged_by_the_same_count(told: Told) -> None:
    for at, event in enumerate(("added", "waiting", "active", "waiting", "active", "waiting", "active", "completed")):
        told.tell(at, event, name="welcome")
    told.hash(atm=2, failedReason="no such address")  # one of the three starts was no attempt

    await told.read()

    assert attempts(told) == {"completed": 1, "retried": 1, "requeued": 1}


async def test_a_stalled_attempt_is_told_by_the_event_behind_it(told: Told) -> None:
    for at, event in enumerate(("added", "waiting", "active", "waiting", "stalled", "active", "completed")):
        told.tell(at, event, name="welcome", **({"prev": "active"} if at == 3 else {}))

    seen = await told.read()

    assert attempts(told) == {"completed": 1, "stalled": 1}
    assert seen.stalled == 1
    assert (run := seen.all.runs[0])
    assert run.sum == 1


async def test_a_job_given_up_after_stalling_counts_no_attempt_that_nobody_made(told: Told) -> None:
    for at, event in enumerate(("added", "waiting", "active", "waiting", "stalled", "active")):
        told.tell(at, event, name="welcome")
    told.tell(9, "failed", failedReason="job stalled more than allowable limit", prev="active")

    seen = await told.read()

    assert attempts(told) == {"stalled": 1}
    assert seen.all.finished == (0, 1)
    assert seen.reasons == {"stalled": 1, "other": 0}


async def test_older_versions_fail_a_stalled_job_on_the_spot(told: Told) -> None:
    for at, event in enumerate(("added", "waiting", "active")):
        told.tell(at, event, name="welcome")
    told.tell(9, "failed", prev="active", failedReason="job stalled more than allowable limit")

    await told.read()

    assert attempts(told) == {"stalled": 1}


async def test_a_failure_without_an_attempt_counts_the_job_alone(told: Told) -> None:
    told.tell(0, "added", name="parent")
    told.tell(0, "waiting-children")
    told.tell(5, "failed", failedReason="child failed", prev="waiting-children")

    seen = await told.read()

    assert attempts(told) == {}
    assert seen.all.finished == (0, 1)


async def test_a_delay_is_not_waited_and_its_lateness_is_measured(told: Told) -> None:
    told.tell(0, "added", name="welcome")
    told.tell(0, "delayed", delay=LATER + 1000)
    told.tell(1007, "waiting", prev="delayed")
    told.tell(1009, "active", prev="waiting")

    seen = await told.read()

    assert (late := seen.promotion_delay)
    assert late.sum == 7
    assert seen.all.wait
    assert seen.all.wait.sum == 2


async def test_a_job_promoted_by_hand_was_not_late(told: Told) -> None:
    told.tell(0, "added", name="welcome")
    told.tell(0, "delayed", delay=f"{LATER + 1000}.0002")
    told.tell(5, "waiting", prev="delayed")

    assert (await told.read()).promotion_delay is None


async def test_what_was_refused_removed_or_used_up_is_counted(told: Told) -> None:
    for event in ("duplicated", "deduplicated", "debounced", "removed", "retries-exhausted"):
        told.tell(0, event)

    seen = await told.read()

    assert (seen.duplicated, seen.deduplicated, seen.removed, seen.exhausted) == (1, 1, 1, 1)


async def test_a_name_that_no_event_told_is_asked_of_the_job_as_long_as_it_is_there(told: Told) -> None:
    told.hash("1")
    told.tell(0, "active", "1", prev="waiting")
    told.tell(0, "active", "2", prev="waiting")
    told.tell(5, "completed", "1", returnvalue="null")
    told.tell(5, "completed", "2", returnvalue="null")

    seen = await told.read()

    assert {name: each.finished for name, each in seen.names.items()} == {"welcome": (1, 0), "": (1, 0)}
    assert seen.totals == (None, None)
    assert seen.attempts == (None, None)


async def test_entries_that_no_library_writes_stop_nothing(told: Told, redis: redis_py.Redis) -> None:
    odd: list[dict[str, str]] = [
        {"x": "y"},
        {"event": "completed"},
        {"event": "completed", "returnvalue": "1"},
        {"jobId": "7", "event": "added", "name": "welcome"},
        {"event": "\x00\xff", "jobId": "1"},
        {"event": "delayed", "jobId": "8", "delay": "soon"},
    ]
    for entry in odd:
        redis.xadd(told.stream.key, entry)  # type: ignore[arg-type] # redis-py's own notion of a mapping
    told.tell(0, "active", "7")
    told.tell(4, "completed", "7")

    seen = await told.read()

    assert seen.names["welcome"].finished == (1, 0)
    assert told.events[b"other"] == 4


async def test_names_beyond_the_limit_are_counted_together(redis: redis_py.Redis, instance: Instance) -> None:
    told = Told(redis, instance)
    for number in range(60):
        told.tell(number, "added", str(number), name=f"name-{number}")

    seen = await told.read()

    assert len(seen.names) == 51
    assert seen.names["__other__"].added == 10
    assert seen.all.added == 60
    assert told.tally.limited == 10


async def test_what_is_seen_is_the_same_value_until_something_happens(told: Told) -> None:
    told.tell(0, "added", name="welcome")
    before = await told.read()
    assert await told.read() is before

    told.tell(1, "waiting")

    assert await told.read() is not before
