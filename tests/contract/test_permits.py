"""What a page may offer: a forecast from what was read, with the reason where the answer is no."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.job import Children, Job, JobRow
from core.model import Dialect, Identity, Limits, Permit, Queue, QueueId, State
from core.mutations.permits import job_permits, queue_permits

ID = QueueId("default", "bull", "mail")
MAIL = Queue(ID, Identity(Dialect.MQ5, "6.7.0", ()), False, {})
OF_ANY = {"edit_data", "set_progress", "log", "duplicate"}
OF_PENDING = {"remove", "change_priority"}
LIMITS = {"set_concurrency", "set_rate_limit", "release_rate_limit", "release_deduplication"}
SCHEDULING = ("upsert_scheduler", "remove_scheduler", "run_scheduler")
OF_RUNNING = {"pause", "add", "trim_events", *LIMITS, *SCHEDULING}


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
        (State.FAILED, {"retry", "remove", "move"}),
        (State.COMPLETED, {"retry", "remove", "move"}),
        (State.DELAYED, {"promote", "change_delay", "move", *OF_PENDING}),
        (State.WAITING, {"move", *OF_PENDING}),
        (State.PAUSED, {"move", *OF_PENDING}),
        (State.PRIORITIZED, {"move", *OF_PENDING}),
        (State.WAITING_CHILDREN, OF_PENDING),
        (State.ACTIVE, {"remove", "remove_by_force", "fail", "requeue"}),
    ],
)
def test_a_state_allows_what_makes_sense_in_it(state: State, verbs: set[str]) -> None:
    anywhere = OF_ANY - {"edit_data"} if state is State.ACTIVE else OF_ANY
    assert allowed(of_job(job(state))) == verbs | anywhere


def test_a_held_job_is_taken_from_its_worker_by_force_alone() -> None:
    held = of_job(replace(job(State.ACTIVE), lock=30_000))
    by_force = {"remove_by_force", "fail_by_force", "requeue_by_force"}
    assert allowed(held) == by_force | OF_ANY - {"edit_data"}
    assert "A worker holds its lock" in held["requeue"].why
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
    assert allowed(pending) == OF_ANY
    assert "no force changes that" in pending["remove_by_force"].why
    done = of_job(replace(job(State.FAILED), children=Children(processed=3)))
    assert allowed(done) == {"retry", "remove"} | OF_ANY


@pytest.mark.parametrize("verb", ["fail", "requeue", "fail_by_force", "requeue_by_force"])
def test_only_active_jobs_are_taken_from_their_worker(verb: str) -> None:
    assert "Only active jobs" in of_job(job(State.FAILED))[verb].why
    assert "Redis has lost the job itself" in of_job(job(State.ACTIVE, missing=True))[verb].why


def test_force_is_offered_only_where_it_helps() -> None:
    assert of_job(job(State.FAILED))["remove_by_force"].why == "It needs no force."
    assert of_job(replace(job(State.DELAYED), scheduler="nightly"))["remove_by_force"].allowed


def test_a_queue_is_paused_or_resumed_not_both() -> None:
    assert allowed(of_queue(MAIL)) == OF_RUNNING
    assert allowed(of_queue(replace(MAIL, paused=True))) == OF_RUNNING - {"pause"} | {"resume"}


def test_a_paused_list_left_behind_can_be_brought_back() -> None:
    assert allowed(of_queue(replace(MAIL, counts={State.PAUSED: 3}))) == OF_RUNNING | {"resume", "mend_pause"}


def test_a_split_pause_can_be_mended() -> None:
    split = replace(MAIL, paused=True, counts={State.PAUSED: 3, State.WAITING: 2})
    assert "mend_pause" in allowed(of_queue(split))
    whole = of_queue(replace(MAIL, paused=True, counts={State.WAITING: 2}))
    assert whole["mend_pause"].why.startswith("There is nothing to mend")


@pytest.mark.parametrize(
    ("identity", "verb", "why"),
    [
        (Identity(Dialect.BULL, None, ()), "trim_events", "no stream of events"),
        (Identity(Dialect.BULL, None, ()), "set_concurrency", "came with BullMQ 5.9: set it where they are started"),
        (Identity(Dialect.MQ4, "4.18.3", ()), "set_rate_limit", "The workers of bullmq 4.18 heed no rate limit"),
        (Identity(Dialect.MQ4, None, ()), "release_deduplication", "came with BullMQ 5.11"),
        (Identity(Dialect.MQ5, "5.1.0", ()), "set_concurrency", "came with BullMQ 5.9"),
        (Identity(Dialect.MQ5, "5.1.0", ()), "release_deduplication", "came with BullMQ 5.11"),
        (Identity(Dialect.MQ5, "5.59.0", ()), "set_rate_limit", "came with BullMQ 5.60"),
        (Identity(Dialect.MQ5, None, ()), "set_concurrency", "Nothing here tells whether"),
    ],
)
def test_what_a_library_does_not_know_is_said_with_the_version_that_does(
    identity: Identity, verb: str, why: str
) -> None:
    assert why in of_queue(replace(MAIL, identity=identity))[verb].why


def test_a_limit_that_is_set_already_can_be_changed_whatever_the_version() -> None:
    unknown = replace(MAIL, identity=Identity(Dialect.MQ5, None, ()), limits=Limits(concurrency=2, rate_max=5))
    assert {"set_concurrency", "set_rate_limit"} <= allowed(of_queue(unknown))


def test_a_doubt_about_the_library_forbids_everything_with_its_own_words() -> None:
    doubted = replace(MAIL, identity=Identity(Dialect.MQ5, None, (), doubt="The signs disagree."))
    permits = {**of_queue(doubted), **of_job(job(State.FAILED), doubted)}
    assert {permit.why for permit in permits.values()} == {"The signs disagree."}
