"""Why a queue is or is not moving: each rule, its sentence, and which rule comes first."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from core.model import Dialect, Health, Identity, Instants, Limits, Queue, QueueId, State, Traffic, Verdict, Workers
from core.verdict import FAILING_LEAST, OVERDUE, OVERLOADED_LEAST, verdict

NOW = 1_800_000_000_000
EMPTY = Queue(
    QueueId("default", "bull", "mail"), Identity(Dialect.MQ5, None, ()), paused=False, counts={}, workers=Workers(2, 1)
)


def judged(counts: dict[State, int] | None = None, **told: Any) -> Verdict:
    return verdict(replace(EMPTY, counts=counts or {}, **told), NOW)


def test_a_queue_without_work_is_idle() -> None:
    assert judged() == Verdict(Health.IDLE, "", needs_attention=False)


def test_an_idle_queue_without_workers_is_nobodys_trouble() -> None:
    assert judged(workers=Workers(0, 0)).health is Health.IDLE
    assert judged({State.DELAYED: 5}, workers=Workers(0, 0)).health is Health.IDLE


@pytest.mark.parametrize("state", [State.WAITING, State.PRIORITIZED, State.ACTIVE])
def test_a_queue_with_work_and_workers_is_running(state: State) -> None:
    assert judged({state: 3}) == Verdict(Health.RUNNING, "", needs_attention=False)


def test_a_queue_whose_jobs_leave_as_they_come_is_running() -> None:
    assert judged(traffic=Traffic(600.0, 600.0)).health is Health.RUNNING


def test_a_paused_queue_says_how_many_wait_and_since_when() -> None:
    assert judged(paused=True) == Verdict(Health.PAUSED, "Paused.", needs_attention=False)
    instants = Instants(oldest_waiting=NOW - 2 * 3_600_000)
    found = judged({State.PAUSED: 12_408}, paused=True, instants=instants)
    assert found.sentence == "Paused while 12,408 jobs wait, the oldest for 2 h."
    assert found.needs_attention


def test_work_without_a_worker_needs_somebody() -> None:
    found = judged({State.WAITING: 1}, workers=Workers(0, 0), instants=Instants(oldest_waiting=NOW - 41_000))
    assert found.health is Health.UNATTENDED
    assert found.sentence == "1 job waits and no worker is connected, the oldest for 41 s."
    assert found.needs_attention
    assert judged({State.DELAYED: 1}, overdue=1, workers=Workers(0, 0)).health is Health.UNATTENDED


def test_where_workers_are_not_known_their_sign_of_life_counts() -> None:
    assert judged({State.WAITING: 1}, workers=None).health is Health.UNATTENDED
    alive = Instants(stalled_check=NOW + 20_000)
    assert judged({State.WAITING: 1}, workers=None, instants=alive).health is Health.RUNNING
    assert judged({State.WAITING: 1}, workers=Workers(0, 0), instants=alive).health is Health.UNATTENDED


def test_jobs_that_should_have_started_long_ago_are_told() -> None:
    late = Instants(next_delayed=NOW - OVERDUE)
    found = judged({State.DELAYED: 5}, overdue=3, instants=late)
    assert (found.health, found.sentence) == (
        Health.OVERLOADED,
        "3 delayed jobs should have started; the first 1 min ago.",
    )
    soon = Instants(next_delayed=NOW - OVERDUE + 1)
    assert judged({State.DELAYED: 5}, overdue=3, instants=soon).health is not Health.OVERLOADED


@pytest.mark.parametrize(
    ("failed", "completed", "out", "failing"),
    [
        (FAILING_LEAST - 1, 0, None, False),
        (FAILING_LEAST, 0, None, True),
        (FAILING_LEAST, 95, None, True),
        (FAILING_LEAST, 96, None, False),
        (FAILING_LEAST, 0, 100.0, False),
        (1000, 10, 1.0, True),
    ],
)
def test_a_queue_is_failing_from_a_number_and_a_share_on(
    failed: int, completed: int, out: float | None, failing: bool
) -> None:
    found = judged(failed_last_hour=failed, completed_last_hour=completed, traffic=Traffic(out, out))
    assert (found.health is Health.FAILING) is failing
    assert found.needs_attention is failing


def test_a_rate_limit_explains_a_backlog() -> None:
    found = judged({State.WAITING: 500}, limits=Limits(limited_for=4200), traffic=Traffic(600.0, 60.0))
    assert found == Verdict(Health.RUNNING, "Rate limited for another 4.2 s.", needs_attention=False)
    assert judged({}, limits=Limits(limited_for=4200)).health is Health.IDLE


@pytest.mark.parametrize(
    ("backlog", "came", "went", "overloaded"),
    [
        (OVERLOADED_LEAST, 600.0, 60.0, True),
        (OVERLOADED_LEAST - 1, 600.0, 60.0, False),
        (OVERLOADED_LEAST, 110.0, 100.0, False),
        (OVERLOADED_LEAST, 111.0, 100.0, True),
        (OVERLOADED_LEAST, None, None, False),
    ],
)
def test_more_in_than_out_is_overload_once_there_is_a_backlog(
    backlog: int, came: float | None, went: float | None, overloaded: bool
) -> None:
    found = judged({State.WAITING: backlog}, traffic=Traffic(came, went))
    assert (found.health is Health.OVERLOADED) is overloaded
    assert not overloaded or "More comes in" in found.sentence


def test_the_rules_are_asked_in_their_order() -> None:
    everything = {
        "paused": True,
        "workers": Workers(0, 0),
        "overdue": 3,
        "instants": Instants(next_delayed=NOW - 10 * OVERDUE),
        "failed_last_hour": 10_000,
        "limits": Limits(limited_for=4200),
        "traffic": Traffic(6000.0, 60.0),
    }
    counts = {State.WAITING: 500, State.DELAYED: 3}
    order = []
    for rule in ("paused", "workers", "overdue", "failed_last_hour", "limits", "traffic"):
        order.append(judged(counts, **everything).sentence.split(" ")[0:3])
        everything[rule] = getattr(EMPTY, rule)
    assert [" ".join(words) for words in order] == [
        "Paused while 500",
        "503 jobs wait",
        "3 delayed jobs",
        "10,000 jobs failed",
        "Rate limited for",
        "More comes in",
    ]
    assert judged(counts, **everything).health is Health.RUNNING


def test_a_clock_that_is_behind_redis_makes_no_odd_sentence() -> None:
    ahead = Instants(oldest_waiting=NOW + 5000, next_delayed=NOW + 5000)
    found = judged({State.WAITING: 1}, workers=Workers(0, 0), instants=ahead)
    assert found.sentence == "1 job waits and no worker is connected."
