"""What each metric means: seconds, BullMQ's own names with their own meaning, and absence instead of a false zero."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.model import Dialect, Identity, Instants, Limits, State, Workers
from core.snapshot import Pass
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
        "bullmq_queue_active_without_lock",
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


def test_redis_says_what_it_is_and_how_full() -> None:
    text = text_of(reading(queue()))

    assert 'bullmq_redis_up{redis="default"} 1\n' in text
    assert (
        'bullmq_redis_info{redis="default",version="7.0.15",mode="standalone",maxmemory_policy="noeviction"} 1\n'
        in text
    )
    assert 'bullmq_redis_memory_used_bytes{redis="default"} 2048\n' in text
    assert 'bullmq_redis_memory_max_bytes{redis="default"} 4096\n' in text
    assert 'bullmq_redis_connected_clients{redis="default"} 7\n' in text
    assert 'bullmq_redis_evicted_keys_total{redis="default"} 3\n' in text
    assert 'bullmq_redis_rejected_connections_total{redis="default"} 2\n' in text


def test_a_redis_that_refuses_info_is_up_all_the_same() -> None:
    reserved = reading(queue(), redis=None)

    assert values("bullmq_redis_up", reserved) == [1]
    assert values("bullmq_redis_info", reserved) == []
    assert values("bullmq_redis_memory_used_bytes", reserved) == []


def test_the_exporter_tells_of_its_own_work() -> None:
    text = text_of(reading(queue(), queue("video")))

    assert 'bullmq_exporter_queues{redis="default"} 2\n' in text
    assert 'bullmq_exporter_collect_duration_seconds{redis="default"} 0.02\n' in text
    assert f'bullmq_exporter_last_collect_timestamp_seconds{{redis="default"}} {NOW / 1000}\n' in text
    assert 'bullmq_exporter_discovery_duration_seconds{redis="default"} 0.25\n' in text
    assert "bullmq_exporter_build_info{version=" in text
    assert "process_resident_memory_bytes " in text


def test_an_instance_that_was_never_read_has_no_queue_series_and_is_not_yet_down() -> None:
    names = {name for name, _ in scraped(text_of(reading(taken_at=None, redis=None, discovery=Pass())))}

    assert {name for name in names if name.startswith("bullmq_")} == {"bullmq_exporter_build_info"}


def test_an_instance_that_could_never_be_reached_is_down() -> None:
    away = reading(taken_at=None, redis=None, discovery=Pass(), down_since=NOW)

    assert values("bullmq_redis_up", away) == [0]
    assert not [name for name, _ in scraped(text_of(away)) if name.startswith(("bullmq_queue_", "bullmq_job_"))]


def test_when_redis_goes_away_its_numbers_stay_for_a_minute_and_no_longer() -> None:
    away = reading(full_queue(), down_since=NOW + 500)

    assert values("bullmq_redis_up", away, now=NOW + 1000) == [0]
    assert values("bullmq_job_count", away, now=NOW + 60_000)
    old = {name for name, _ in scraped(text_of(away, now=NOW + 60_001)) if name.startswith("bullmq_")}
    assert old == {
        "bullmq_redis_up",
        "bullmq_exporter_collect_duration_seconds",
        "bullmq_exporter_last_collect_timestamp_seconds",
        "bullmq_exporter_discovery_duration_seconds",
        "bullmq_exporter_build_info",
    }


def test_a_reader_that_hangs_without_a_word_does_not_look_alive_either() -> None:
    assert values("bullmq_job_count", reading(queue()), now=NOW + 60_001) == []


def test_a_reading_that_is_taken_seldom_because_it_is_large_stays_until_the_next() -> None:
    slow = reading(queue(), interval=100.0)

    assert values("bullmq_job_count", slow, now=NOW + 300_000)
    assert values("bullmq_job_count", slow, now=NOW + 300_001) == []


def test_one_redis_that_is_away_leaves_the_others_alone() -> None:
    here, away = reading(queue(instance="here")), reading(queue(instance="away"), down_since=NOW, taken_at=NOW - 90_000)

    assert by_label("bullmq_redis_up", "redis", here, away) == {"here": 1, "away": 0}
    assert set(by_label("bullmq_queue_paused", "redis", here, away)) == {"here"}


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
