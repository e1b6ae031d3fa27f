"""What is told of each Redis and of the exporter, and how long the numbers of a Redis that is away still stand."""

from __future__ import annotations

from core.snapshot import Pass
from tests.exporter.fixed import NOW, by_label, full_queue, queue, reading, scraped, text_of, values


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
        "bullmq_exporter_commands_total",
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
