"""Another priority is another place in line, another delay another time; both only for jobs that are still to run."""

from __future__ import annotations

import time

import pytest

from core.errors import Conflict, Invalid, NotFound, TickbirdError
from core.model import Dialect, State
from tests.contract.acting import MADE, acting, field, made, refused
from tests.contract.laid_out import LAYOUTS, LaidOut, Layout

pytestmark = pytest.mark.parametrize("layout", LAYOUTS, ids=str)
IN_LIST = (Dialect.BULL, Dialect.MQ_LIST)


async def in_line(mail: LaidOut, **priorities: int) -> None:
    """Jobs that wait, in this order of arrival, each put in its place as producers of this layout put them."""
    await acting(mail).resume()
    for job_id, priority in priorities.items():
        made(mail, job_id, State.WAITING)
        await acting(mail).change_priority(job_id, priority)


def order(mail: LaidOut) -> list[str]:
    """All that wait, the next to run first."""
    ready = [*mail.line("wait"), *mail.line("paused")]
    return ready if mail.layout.dialect in IN_LIST else [*ready, *mail.prioritised()]


async def test_a_job_stands_behind_those_of_its_new_priority(mail: LaidOut) -> None:
    await in_line(mail, a=5, b=2, c=5, d=9)
    assert order(mail) == ["b", "a", "c", "d"]
    outcome = await acting(mail).change_priority("d", 5)
    assert order(mail) == ["b", "a", "c", "d"]
    await acting(mail).change_priority("a", 5)
    assert order(mail) == ["b", "c", "d", "a"]
    await acting(mail).change_priority("d", 1)
    assert order(mail) == ["d", "b", "c", "a"]
    assert mail.prioritised() == {"d": 1, "b": 2, "c": 5, "a": 5}
    assert field(mail, "d", "priority") == b"1"
    assert outcome.sentence == "Job d of mail has priority 5 now."


async def test_a_lifo_job_stands_before_those_of_its_new_priority(mail: LaidOut) -> None:
    await in_line(mail, a=5, b=2, c=5)
    await acting(mail).change_priority("c", 5, lifo=True)
    assert order(mail) == ["b", "c", "a"]
    await acting(mail).change_priority("a", 2, lifo=True)
    assert order(mail) == ["a", "b", "c"]
    await acting(mail).change_priority("c", 0, lifo=True)
    assert order(mail) == ["c", "a", "b"]


async def test_without_priority_a_job_goes_to_the_back_of_the_list(mail: LaidOut) -> None:
    await in_line(mail, a=0, b=0)
    await in_line(mail, c=3)
    outcome = await acting(mail).change_priority("c", 0)
    assert mail.line("wait") == ["a", "b", "c"]
    assert mail.prioritised() == {}
    assert outcome.sentence == "Job c of mail has no priority any more."


async def test_a_job_that_leaves_the_list_wakes_an_idle_worker(mail: LaidOut, layout: Layout) -> None:
    await in_line(mail, a=0)
    mail.redis.delete(f"{mail.base}marker")
    await acting(mail).change_priority("a", 4)
    assert mail.wakes() == ("" if layout.dialect in IN_LIST else "now")


@pytest.mark.parametrize("listed", [State.WAITING, State.PAUSED])
async def test_8_18_while_paused_a_job_is_moved_wherever_it_was_put(mail: LaidOut, listed: State) -> None:
    await acting(mail).pause()
    for job_id in ("a", "b", "c"):
        made(mail, job_id, listed)
    outcome = await acting(mail).change_priority("c", 7)
    assert sorted([*mail.line("wait"), *mail.line("paused"), *mail.prioritised()]).count("c") == (
        2 if mail.layout.dialect in IN_LIST else 1
    )
    assert field(mail, "c", "priority") == b"7"
    assert mail.prioritised() == {"c": 7}
    assert outcome.sentence == "Job c of mail has priority 7 now; the queue is paused, so it runs after a resume."
    await acting(mail).resume()
    assert sorted(order(mail)) == ["a", "b", "c"]


@pytest.mark.parametrize("state", [State.DELAYED, State.WAITING_CHILDREN])
async def test_a_job_that_will_wait_keeps_its_priority_for_then(mail: LaidOut, layout: Layout, state: State) -> None:
    if state is State.WAITING_CHILDREN and layout.dialect is Dialect.BULL:
        return
    made(mail, "7", state)
    outcome = await acting(mail).change_priority("7", 4)
    assert field(mail, "7", "priority") == b"4"
    assert order(mail) == []
    assert outcome.sentence == f"Job 7 of mail has priority 4 now; it is {state}, so that counts once it is ready."
    if state is State.DELAYED:
        await acting(mail).promote("7")
        assert mail.prioritised() == {"7": 4}


@pytest.mark.parametrize("state", [State.ACTIVE, State.FAILED, State.COMPLETED])
async def test_what_ran_or_runs_has_no_place_in_line(mail: LaidOut, state: State) -> None:
    made(mail, "7", state)
    said = await refused(mail, Conflict, acting(mail).change_priority("7", 4))
    assert said.startswith(f"Job 7 of mail is {state} now, not still to run.")


@pytest.mark.parametrize("priority", [-1, 2**31, 2.5, True, "3", None])
async def test_a_priority_is_a_number_that_stays_exact(mail: LaidOut, priority: object) -> None:
    made(mail, "7", State.WAITING)
    await refused(mail, Invalid, acting(mail).change_priority("7", priority))


async def test_the_largest_priority_keeps_the_order(mail: LaidOut, layout: Layout) -> None:
    last = 2**31 - 1 if layout.dialect in IN_LIST else 2**21 - 1
    if layout.dialect not in IN_LIST:
        mail.redis.set(f"{mail.base}pc", 2**32 - 2)
    await in_line(mail, a=last, b=last - 1)
    assert order(mail) == ["b", "a"]
    await refused(mail, Invalid, acting(mail).change_priority("a", last + 1))


async def test_no_job_is_lost_where_a_key_is_of_the_wrong_type(mail: LaidOut, layout: Layout) -> None:
    made(mail, "7", State.WAITING)
    name = "priority" if layout.dialect in IN_LIST else "prioritized"
    mail.redis.set(mail.base + name, "what is this")
    await refused(mail, Conflict, acting(mail).change_priority("7", 4))
    if layout.dialect not in IN_LIST:
        mail.redis.delete(mail.base + name)
        mail.redis.set(f"{mail.base}pc", "many")
        await refused(mail, TickbirdError, acting(mail).change_priority("7", 4))


@pytest.mark.parametrize("listed", [State.WAITING, State.PAUSED])
async def test_a_job_deep_in_a_long_list_is_found(mail: LaidOut, listed: State) -> None:
    key = mail.base + ("wait" if listed is State.WAITING else "paused")
    others = [f"x{number}" for number in range(49_000)]
    for place in (20_000, 25_000, 28_999):
        mail.redis.delete(*(mail.base + name for name in ("wait", "paused", "priority", "prioritized")))
        made(mail, "deep", None)
        mail.redis.rpush(key, *others[:place], "deep", *others[place:])
        await acting(mail).change_priority("deep", 4)
        assert mail.prioritised() == {"deep": 4}
        line = [job_id for name in ("wait", "paused") for job_id in reversed(mail.line(name))]
        assert sorted(line) == sorted([*others, "deep"] if mail.layout.dialect in IN_LIST else others)
        assert [job_id for job_id in line if job_id != "deep"] == others
    made(mail, "lost", None)
    await refused(mail, Conflict, acting(mail).change_priority("lost", 4))


async def test_jobs_that_are_not_there_have_no_place(mail: LaidOut) -> None:
    mail.redis.hset(f"{mail.base}repeat:nightly", "name", "tidy")
    for verb in ("change_priority", "change_delay"):
        await refused(mail, NotFound, getattr(acting(mail), verb)("771", 4))
        await refused(mail, Conflict, getattr(acting(mail), verb)("repeat:nightly", 4))
        mail.ghost("9", State.DELAYED)
        assert "mere id in delayed" in await refused(mail, Conflict, getattr(acting(mail), verb)("9", 4))


async def test_a_new_delay_counts_from_now(mail: LaidOut, layout: Layout) -> None:
    made(mail, "7", State.DELAYED, delay=5)
    before = time.time_ns() // 1_000_000
    outcome = await acting(mail).change_delay("7", 60_000)
    score = int(mail.redis.zscore(f"{mail.base}delayed", "7"))
    assert 60_000 <= score // 4096 - before <= 70_000
    assert field(mail, "7", "delay") == b"60000"
    assert mail.wakes() == ("" if layout.dialect in IN_LIST else str(score // 4096))
    assert outcome.sentence == "Job 7 of mail is due in 60,000 ms."


async def test_the_first_of_all_delayed_jobs_sets_the_clock(mail: LaidOut, layout: Layout) -> None:
    """A later one moved may not put off what is due before it."""
    made(mail, "1", State.DELAYED)
    made(mail, "2", State.DELAYED)
    await acting(mail).change_delay("2", 3_600_000)
    assert mail.wakes() == ("" if layout.dialect in IN_LIST else str(MADE))


async def test_jobs_due_at_once_keep_their_order_and_every_digit(
    mail: LaidOut, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "time_ns", lambda: 2_199_000_000_000 * 1_000_000)
    for job_id in "cab":
        made(mail, job_id, State.DELAYED)
        await acting(mail).change_delay(job_id, 1_001)
    scores = mail.redis.zrange(f"{mail.base}delayed", 0, -1, withscores=True)
    assert [job_id for job_id, _ in scores] == [b"c", b"a", b"b"]
    assert [int(score) for _, score in scores] == [2_199_000_001_001 * 4096 + slot for slot in range(3)]


async def test_a_job_of_a_scheduler_is_still_its_next_iteration(mail: LaidOut) -> None:
    made(mail, "repeat:nightly:1700000000000", State.DELAYED, rjk="nightly")
    mail.redis.zadd(f"{mail.base}repeat", {"nightly": MADE})
    await acting(mail).change_delay("repeat:nightly:1700000000000", 1000)
    assert mail.redis.zscore(f"{mail.base}repeat", "nightly") == MADE


@pytest.mark.parametrize(
    ("version", "marked"), [("bullmq:3.16.2", True), ("bullmq:5.0.0", False), ("3.16", False), ("", False)]
)
async def test_a_late_3_finds_the_time_in_its_empty_list(
    mail: LaidOut, layout: Layout, version: str, marked: bool
) -> None:
    if layout.dialect is not Dialect.MQ_LIST:
        return
    mail.redis.hset(f"{mail.base}meta", "version", version)
    made(mail, "7", State.DELAYED)
    await acting(mail).change_delay("7", 60_000)
    due = int(mail.redis.zscore(f"{mail.base}delayed", "7")) // 4096
    assert mail.wakes() == (str(due) if marked else "")


@pytest.mark.parametrize("delay", [-1, 2.5, True, 2**42, "5"])
async def test_a_delay_is_a_time_that_can_be_kept(mail: LaidOut, delay: object) -> None:
    made(mail, "7", State.DELAYED)
    await refused(mail, Invalid, acting(mail).change_delay("7", delay))


@pytest.mark.parametrize("state", [State.WAITING, State.ACTIVE, State.FAILED])
async def test_only_delayed_jobs_have_a_delay(mail: LaidOut, state: State) -> None:
    made(mail, "7", state)
    said = await refused(mail, Conflict, acting(mail).change_delay("7", 5))
    assert said.startswith("Job 7 of mail is ")
