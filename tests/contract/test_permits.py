"""What a page may offer: a forecast from what was read, with the reason where the answer is no."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.job import Children, Job, JobRow
from core.model import Dialect, Identity, Permit, Queue, QueueId, State
from core.mutations.permits import job_permits, queue_permits

ID = QueueId("default", "bull", "mail")
MAIL = Queue(ID, Identity(Dialect.MQ5, "6.7.0", ()), False, {})


def job(state: State, *, missing: bool = False) -> Job:
    row = JobRow("7", state, missing=missing)
    return Job(row, ID, None, None, None, None, None)


def of_job(subject: Job, queue: Queue = MAIL) -> dict[str, Permit]:
    return {permit.verb: permit for permit in job_permits(queue, subject)}


def of_queue(queue: Queue) -> dict[str, Permit]:
    return {permit.verb: permit for permit in queue_permits(queue)}


def allowed(permits: dict[str, Permit]) -> set[str]:
    assert all(permit.allowed == (not permit.why) for permit in permits.values())
    assert all(permit.why.endswith(".") for permit in permits.values() if permit.why)
    return {verb for verb, permit in permits.items() if permit.allowed}


@pytest.mark.parametrize(
    ("state", "verbs"),
    [
        (State.FAILED, {"retry", "remove"}),
        (State.COMPLETED, {"retry", "remove"}),
        (State.DELAYED, {"promote", "remove"}),
        (State.WAITING, {"remove"}),
        (State.PAUSED, {"remove"}),
        (State.PRIORITIZED, {"remove"}),
        (State.WAITING_CHILDREN, {"remove"}),
        (State.ACTIVE, {"remove"}),
    ],
)
def test_a_state_allows_what_makes_sense_in_it(state: State, verbs: set[str]) -> None:
    assert allowed(of_job(job(state))) == verbs


def test_a_held_job_allows_nothing() -> None:
    held = of_job(replace(job(State.ACTIVE), lock=30_000))
    assert allowed(held) == set()
    assert held["remove"].why == "A worker is running it: removing it would lose its result."


def test_a_ghost_can_only_be_removed() -> None:
    for state in (State.FAILED, State.DELAYED):
        assert allowed(of_job(job(state, missing=True))) == {"remove"}


@pytest.mark.parametrize("state", [State.DELAYED, State.WAITING, State.PRIORITIZED])
def test_the_next_iteration_of_a_scheduler_stays(state: State) -> None:
    permits = of_job(replace(job(state), scheduler="nightly"))
    assert "remove" not in allowed(permits)
    assert "remove the scheduler instead" in permits["remove"].why


def test_a_finished_iteration_of_a_scheduler_may_go() -> None:
    assert "remove" in allowed(of_job(replace(job(State.COMPLETED), scheduler="nightly")))


def test_children_come_before_their_parent() -> None:
    failed_by = of_job(replace(job(State.FAILED), children=Children(unsuccessful=1)))
    assert "retry its children first" in failed_by["retry"].why
    pending = of_job(replace(job(State.FAILED), children=Children(pending=2)))
    assert allowed(pending) == set()
    done = of_job(replace(job(State.FAILED), children=Children(processed=3)))
    assert allowed(done) == {"retry", "remove"}


def test_a_queue_is_paused_or_resumed_not_both() -> None:
    assert allowed(of_queue(MAIL)) == {"pause"}
    assert allowed(of_queue(replace(MAIL, paused=True))) == {"resume"}


def test_a_paused_list_left_behind_can_be_brought_back() -> None:
    assert allowed(of_queue(replace(MAIL, counts={State.PAUSED: 3}))) == {"pause", "resume"}


def test_a_doubt_about_the_library_forbids_everything_with_its_own_words() -> None:
    doubted = replace(MAIL, identity=Identity(Dialect.MQ5, None, (), doubt="The signs disagree."))
    permits = {**of_queue(doubted), **of_job(job(State.FAILED), doubted)}
    assert {permit.why for permit in permits.values()} == {"The signs disagree."}
