"""What each metric means: seconds, BullMQ's own names with their own meaning, and absence instead of a false zero."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.model import Dialect, Identity, Instants, Limits, State, Workers
from tests.exporter.fixed import BULL, NO_JOBS, NOW, by_label, full_queue, queue, reading, scraped, text_of, values

HUGE = 10**400


def test_each_state_counts_its_own_key_and_only_states_of_the_dialect_are_there() -> None:
    mail = queue(counts={State.WAITING: 3, State.WAITING_CHILDREN: 2, State.FAILED: 1})

    found = by_label("bullmq_job_count", "state", reading(mail))

    assert found == {
        "waiting": 3,
        "active": 0,
        "delayed": 0,
        "prioritized": 0,
        "waiting-children": 2,
        "completed": 0,
        "failed": 1,
    }


def test_paused_is_a_state_only_where_the_dialect_has_it() -> None:
    assert by_label("bullmq_job_count", "state", reading(queue(counts={State.PAUSED: 4})))["paused"] == 4
    assert "paused" not in by_label("bullmq_job_count", "state", reading(queue()))


AGES = {
    "bullmq_queue_oldest_waiting_age_seconds": (State.WAITING, "oldest_waiting"),
    "bullmq_queue_oldest_prioritized_age_seconds": (State.PRIORITIZED, "oldest_prioritized"),
    "bullmq_queue_oldest_active_age_seconds": (State.ACTIVE, "oldest_active"),
    "bullmq_queue_oldest_failed_age_seconds": (State.FAILED, "oldest_failed"),
}


@pytest.mark.parametrize("metric", AGES)
def test_an_age_is_zero_without_such_a_job_and_absent_where_nothing_tells(metric: str) -> None:
    state, instant = AGES[metric]
    jobs = {state: 2}

    assert values(metric, reading(queue())) == [0]
    assert values(metric, reading(queue(counts=jobs))) == []
    known = Instants(**{instant: NOW - 1500})
    assert values(metric, reading(queue(counts=jobs, instants=known))) == [1.5]


@pytest.mark.parametrize("metric", AGES)
def test_an_age_is_never_negative_when_a_producers_clock_is_ahead(metric: str) -> None:
    state, instant = AGES[metric]
    ahead = queue(counts={state: 1}, instants=Instants(**{instant: NOW + 5000}))
    assert values(metric, reading(ahead)) == [0]


def test_an_age_is_that_of_the_moment_of_reading() -> None:
    mail = queue(counts={State.WAITING: 1}, instants=Instants(oldest_waiting=NOW - 2000))
    assert values("bullmq_queue_oldest_waiting_age_seconds", reading(mail), now=NOW + 9000) == [2]


def test_jobs_in_the_paused_list_are_waiting_too() -> None:
    paused = queue(counts={State.PAUSED: 3}, identity=BULL)
    assert values("bullmq_queue_oldest_waiting_age_seconds", reading(paused)) == []


def test_a_dialect_without_prioritized_has_no_age_of_prioritized_jobs() -> None:
    counts: dict[State, int] = {state: 0 for state in NO_JOBS if state is not State.PRIORITIZED}
    bull = replace(queue(identity=BULL), counts=counts)
    assert values("bullmq_queue_oldest_prioritized_age_seconds", reading(bull)) == []


def test_overdue_is_counted_and_timed_by_the_worst() -> None:
    late = queue(counts={State.DELAYED: 5}, overdue=2, instants=Instants(next_delayed=NOW - 2017))

    assert values("bullmq_queue_delayed_overdue", reading(late)) == [2]
    assert values("bullmq_queue_delayed_overdue_seconds", reading(late)) == [2.017]


def test_a_job_that_is_due_later_is_not_overdue() -> None:
    early = queue(counts={State.DELAYED: 5}, instants=Instants(next_delayed=NOW + 2000))

    assert values("bullmq_queue_delayed_overdue", reading(early)) == [0]
    assert values("bullmq_queue_delayed_overdue_seconds", reading(early)) == [0]
    assert values("bullmq_queue_next_delayed_timestamp_seconds", reading(early)) == [NOW / 1000 + 2]


@pytest.mark.parametrize(
    "metric",
    [
        "bullmq_queue_next_delayed_timestamp_seconds",
        "bullmq_queue_concurrency_limit",
        "bullmq_queue_rate_limit_max",
        "bullmq_queue_rate_limit_ttl_seconds",
        "bullmq_queue_workers",
        "bullmq_queue_last_finished_timestamp_seconds",
        "bullmq_job_completed_total",
        "bullmq_job_failed_total",
        "bullmq_job_ids_total",
    ],
)
def test_what_is_not_known_of_a_queue_is_absent_and_not_zero(metric: str) -> None:
    assert values(metric, reading(queue())) == []
    assert values(metric, reading(full_queue()))


def test_limits_are_in_jobs_and_seconds() -> None:
    limited = reading(queue(limits=Limits(concurrency=8, rate_max=100, rate_duration=1000, limited_for=412)))

    assert values("bullmq_queue_concurrency_limit", limited) == [8]
    assert values("bullmq_queue_rate_limit_max", limited) == [100]
    assert values("bullmq_queue_rate_limit_ttl_seconds", limited) == [0.412]


def test_a_paused_queue_says_one_and_a_running_one_zero() -> None:
    assert values("bullmq_queue_paused", reading(queue(paused=True))) == [1]
    assert values("bullmq_queue_paused", reading(queue())) == [0]


def test_workers_are_those_who_poll_and_the_others() -> None:
    served = reading(queue(workers=Workers(total=8, free=5, names=("a-host:17",))))

    assert by_label("bullmq_queue_workers", "state", served) == {"polling": 5, "busy_or_idle": 3}
    assert "a-host" not in text_of(served)


def test_nobody_consuming_is_zero_workers_but_a_refused_client_list_is_none_at_all() -> None:
    assert by_label("bullmq_queue_workers", "state", reading(queue(workers=Workers(0, 0)))) == {
        "polling": 0,
        "busy_or_idle": 0,
    }
    assert values("bullmq_queue_workers", reading(queue(workers=None))) == []


def test_both_outcomes_of_the_last_hour_are_there_from_the_beginning() -> None:
    fresh = reading(queue())

    assert by_label("bullmq_queue_finished_last_hour", "outcome", fresh) == {"completed": 0, "failed": 0}
    assert by_label("bullmq_queue_finished_last_hour_window_truncated", "outcome", fresh) == {
        "completed": 0,
        "failed": 0,
    }


@pytest.mark.parametrize(
    ("kept", "within_the_hour", "ever", "truncated"),
    [
        (100, 40, 500, 0),  # an older one is still there: the whole hour is
        (100, 100, 500, 1),  # removeOnComplete: 100, and all of them are younger
        (0, 0, 500, 1),  # removeOnComplete: true
        (0, 0, 0, 0),  # nothing ever finished
    ],
)
def test_an_hour_of_which_jobs_were_removed_says_so(kept: int, within_the_hour: int, ever: int, truncated: int) -> None:
    mail = queue(counts={State.COMPLETED: kept}, completed_last_hour=within_the_hour, ids=ever)

    found = by_label("bullmq_queue_finished_last_hour_window_truncated", "outcome", reading(mail))

    assert found["completed"] == truncated


def test_the_libraries_own_counters_are_passed_on_as_counters() -> None:
    counted = reading(queue(completed_ever=9, failed_ever=0, ids=12))

    assert values("bullmq_job_completed_total", counted) == [9]
    assert values("bullmq_job_failed_total", counted) == [0]
    assert values("bullmq_job_ids_total", counted) == [12]


def test_queue_info_tells_the_library_and_where_numbers_come_from() -> None:
    mail = queue(max_events=10_000)
    video = queue("video", identity=BULL)

    info = [dict(labels) for (name, labels) in scraped(text_of(reading(mail, video))) if name == "bullmq_queue_info"]

    assert [(i["library"], i["dialect"], i["version"], i["max_events"], i["source"]) for i in info] == [
        ("bullmq", "mq5", "6.7.0", "10000", "retained"),
        ("bull", "bull", "", "", "retained"),
    ]


def test_numbers_that_no_float_can_hold_cost_one_series_and_not_the_scrape() -> None:
    hostile = queue(
        "hostile",
        counts={State.WAITING: 1, State.DELAYED: 1},
        overdue=1,
        limits=Limits(HUGE, -HUGE, 1, HUGE),
        instants=Instants(oldest_waiting=-HUGE, next_delayed=-HUGE, last_finished=HUGE),
        ids=HUGE,
        completed_ever=-1,
        failed_ever=HUGE,
        max_events=HUGE,
    )

    found = scraped(text_of(reading(hostile, queue("mail", counts={State.WAITING: 1}))))

    of_hostile = {name for name, labels in found if ("queue", "hostile") in labels}
    assert "bullmq_job_count" in of_hostile
    assert not of_hostile & {
        "bullmq_queue_concurrency_limit",
        "bullmq_queue_rate_limit_max",
        "bullmq_queue_oldest_waiting_age_seconds",
        "bullmq_queue_delayed_overdue_seconds",
        "bullmq_job_ids_total",
        "bullmq_job_completed_total",
    }


def test_what_a_queue_claims_of_its_version_is_a_label_like_any_other() -> None:
    liar = queue(identity=Identity(Dialect.MQ5, '6"\n\\\udcff' + "x" * 10_000, ()))

    ((_, labels),) = [key for key in scraped(text_of(reading(liar))) if key[0] == "bullmq_queue_info"]

    assert dict(labels)["version"].startswith('6"\n\\\ufffd[DCFF]xxx')
    assert len(dict(labels)["version"]) < 1000
