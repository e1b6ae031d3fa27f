"""Jobs in two lists, or in the wrong one, are told with what would become of them."""

from __future__ import annotations

import pytest

from core.model import Dialect, Health, Identity, Queue, QueueId, State, Workers
from core.split_pause import split_pause
from core.verdict import verdict

NOW = 1_795_314_085_345


def queue(
    waiting: int = 0, aside: int = 0, *, paused: bool = True, dialect: Dialect = Dialect.MQ5, version: str | None = None
) -> Queue:
    identity = Identity(dialect, version, ())
    counts = {State.WAITING: waiting, State.PAUSED: aside}
    return Queue(QueueId("default", "bull", "mail"), identity, paused, counts, workers=Workers(1, 1))


@pytest.mark.parametrize("dialect", list(Dialect))
def test_jobs_in_both_lists_of_a_paused_queue_are_a_danger(dialect: Dialect) -> None:
    said = split_pause(queue(1200, 3, dialect=dialect))
    assert "1,200 in wait, 3 in the paused list" in said
    assert "resumes it now loses the 1,200" in said
    assert said.endswith("Mend the pause, which loses none, or resume it here.")


def test_jobs_left_aside_in_a_running_queue_are_taken_by_nobody() -> None:
    assert split_pause(queue(5, 1, paused=False)).startswith("1 job lies in the paused list though the queue runs")
    assert split_pause(queue(0, 4, paused=False)).startswith("4 jobs lie in the paused list though")


@pytest.mark.parametrize("dialect", [Dialect.BULL, Dialect.MQ_LIST, Dialect.MQ4])
def test_a_flag_that_workers_do_not_heed_is_told(dialect: Dialect) -> None:
    assert "1 job is left in wait, and they take it" in split_pause(queue(1, dialect=dialect))
    assert "3 jobs are left in wait, and they take them" in split_pause(queue(3, dialect=dialect))


def test_a_queue_of_5_that_was_paused_as_6_does_is_told() -> None:
    assert "once its own library adds a job and resumes it, the 3 are lost" in split_pause(queue(3, version="5.81.5"))


@pytest.mark.parametrize("version", ["6.7.0", None])
def test_a_pause_of_6_is_no_matter(version: str | None) -> None:
    assert split_pause(queue(3, version=version)) == ""


@pytest.mark.parametrize("dialect", list(Dialect))
def test_a_whole_pause_and_a_running_queue_are_no_matter(dialect: Dialect) -> None:
    assert split_pause(queue(0, 3, dialect=dialect)) == ""
    assert split_pause(queue(3, 0, paused=False, dialect=dialect)) == ""


def test_the_verdict_says_it_and_wants_to_be_looked_at() -> None:
    split = verdict(queue(2, 3), NOW)
    assert (split.health, split.needs_attention, split.sentence) == (Health.PAUSED, True, split_pause(queue(2, 3)))
    left_behind = verdict(queue(2, 3, paused=False), NOW)
    assert (left_behind.health, left_behind.needs_attention) == (Health.RUNNING, True)
    assert left_behind.sentence == split_pause(queue(2, 3, paused=False))
