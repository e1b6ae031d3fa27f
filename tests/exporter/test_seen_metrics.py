"""What following events adds to the exposition: counters, histograms in seconds, job names on a page of their own."""

from __future__ import annotations

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics_families
from starlette.testclient import TestClient

from core.events.seen import NameSeen, QueueSeen, Source
from exporter.app import create_app
from exporter.exposition import Asked, Rendering, Scope
from exporter.observed import Observed
from exporter.text import Format
from tests.exporter.fixed import (
    BULL,
    EXPECTING,
    NOW,
    FixedHerd,
    Series,
    full_queue,
    observed,
    queue,
    reading,
    scraped,
    snapshot,
    spread,
    text_of,
)

MAIL = queue("mail")


def series(name: str, seen: QueueSeen, scope: Scope = Scope.QUEUES) -> dict[tuple[str, ...], float]:
    """The series of one metric, by their labels besides the queue's own."""
    text = text_of(reading(MAIL), observed=Observed({MAIL.id: seen}), scope=scope)
    return _of(name, scraped(text))


def _of(name: str, found: Series) -> dict[tuple[str, ...], float]:
    return {
        tuple(value for label, value in labels if label not in ("redis", "prefix", "queue")): value
        for (metric, labels), value in found.items()
        if metric == name
    }


def test_a_histogram_adds_its_buckets_up_in_seconds() -> None:
    seen = QueueSeen(Source.STREAM, NameSeen(wait=spread(4, 42, 43, 3_600_001)))

    buckets = series("bullmq_job_wait_seconds_bucket", seen)

    assert buckets["0.005",] == 1
    assert buckets["0.05",] == 3
    assert buckets["1.0",] == 3
    assert buckets["3600.0",] == 3
    assert buckets["21600.0",] == 4
    assert buckets["+Inf",] == 4
    assert series("bullmq_job_wait_seconds_count", seen) == {(): 4}
    assert series("bullmq_job_wait_seconds_sum", seen) == {(): 3600.09}


def test_outcomes_are_there_from_the_beginning_and_histograms_are_not() -> None:
    seen = QueueSeen(Source.STREAM, reasons={"stalled": 0, "other": 0})

    assert series("bullmq_jobs_finished_total", seen) == {("completed",): 0, ("failed",): 0}
    assert series("bullmq_jobs_failed_reason_total", seen) == {("stalled",): 0, ("other",): 0}
    assert set(series("bullmq_job_attempts_total", seen).values()) == {0}
    assert series("bullmq_job_run_seconds_count", seen) == {}


@pytest.mark.parametrize(
    ("source", "absent"),
    [
        (Source.STREAM, set()),
        (Source.PUBSUB, {"added", "retries_exhausted", "deduplicated", "removed"}),
        (Source.RETAINED, {"added", "retries_exhausted", "deduplicated", "removed", "stalled", "duplicated"}),
    ],
)
def test_what_a_source_cannot_tell_is_absent(source: Source, absent: set[str]) -> None:
    words = ("added", "finished", "stalled", "retries_exhausted", "deduplicated", "duplicated", "removed")
    found = {word for word in words if not series(f"bullmq_jobs_{word}_total", QueueSeen(source))}
    assert found == absent


def test_the_source_of_the_numbers_is_told() -> None:
    video = queue("video", identity=BULL)
    known = Observed({MAIL.id: QueueSeen(Source.STREAM), video.id: QueueSeen(Source.PUBSUB)})

    found = scraped(text_of(reading(MAIL, video, queue("new")), observed=known))

    sources = {dict(k)["queue"]: dict(k)["source"] for name, k in found if name == "bullmq_queue_info"}
    assert sources == {"mail": "stream", "video": "pubsub", "new": "retained"}


def test_a_queue_finished_when_a_job_was_last_seen_to_finish() -> None:
    seen = QueueSeen(Source.STREAM, last_finished=NOW - 250)
    assert series("bullmq_queue_last_finished_timestamp_seconds", seen) == {(): (NOW - 250) / 1000}


def test_job_names_are_labels_on_a_page_of_their_own() -> None:
    names = {"welcome": NameSeen(added=3, finished=(2, 1)), "": NameSeen(finished=(1, 0))}
    seen = QueueSeen(Source.STREAM, names=names)

    by_name = series("bullmq_jobs_finished_total", seen, Scope.NAMES)

    assert by_name["welcome", "completed"] == 2
    assert by_name["", "completed"] == 1
    assert "welcome" not in str(series("bullmq_jobs_finished_total", seen))
    assert series("bullmq_queue_paused", seen, Scope.NAMES) == {}


def test_expectations_come_out_as_metrics_of_the_queues_they_fit() -> None:
    video = queue("video")
    found = scraped(text_of(reading(MAIL, video), settings=EXPECTING))

    assert {k: v for k, v in found.items() if "slo" in k[0] and ("queue", "mail") in k[1]}
    per_queue = {
        name: {
            dict(labels).get("slo", ""): value
            for (metric, labels), value in found.items()
            if metric.startswith(("bullmq_queue_slo", "bullmq_queue_dead")) and ("queue", name) in labels
        }
        for name in ("mail", "video")
    }
    assert per_queue["mail"] == {"wait": 30, "run": 5, "failure": 0.01, "backlog": 200, "failures": 100, "": 1}
    assert per_queue["video"] == {"backlog": 1000, "failures": 100}


def test_a_queue_of_which_more_was_seen_is_written_anew_and_the_others_are_kept() -> None:
    rendering, shown = Rendering(), snapshot(reading(MAIL, queue("video")))

    def finished(seen: Observed) -> dict[tuple[str, ...], float]:
        text = rendering.body(Asked(shown, NOW, seen), Format.CLASSIC).decode()
        return {k: v for k, v in _of("bullmq_jobs_finished_total", scraped(text)).items() if k == ("completed",)}

    assert finished(Observed({MAIL.id: QueueSeen(Source.STREAM)})) == {("completed",): 0}
    assert finished(Observed({MAIL.id: QueueSeen(Source.STREAM, NameSeen(finished=(4, 0)))})) == {("completed",): 4}
    assert finished(Observed()) == {}


def test_openmetrics_tells_the_counter_of_attempts_from_their_histogram() -> None:
    mail = full_queue()
    text = text_of(reading(mail), observed=observed(mail), form=Format.OPENMETRICS)

    kinds = {
        family.name: family.type
        for family in openmetrics_families(text)  # type: ignore[no-untyped-call] # prometheus-client's own
    }

    assert kinds["bullmq_job_attempts"] == "histogram"
    assert kinds["bullmq_job_attempts_total"] == "unknown"
    assert kinds["bullmq_jobs_finished"] == "counter"
    assert kinds["bullmq_job_run_seconds"] == "histogram"


def test_both_pages_are_served() -> None:
    herd = FixedHerd(reading(MAIL))
    herd.observed.known = Observed({MAIL.id: QueueSeen(Source.STREAM, names={"welcome": NameSeen(added=1)})})

    with TestClient(create_app(herd, lambda: NOW)) as client:
        queues, names = client.get("/metrics").text, client.get("/metrics/jobs").text
        openmetrics = client.get("/metrics/jobs", headers={"accept": "application/openmetrics-text"}).text

    assert 'bullmq_jobs_added_total{redis="default",prefix="bull",queue="mail"} 0' in queues
    assert 'bullmq_jobs_added_total{redis="default",prefix="bull",queue="mail",name="welcome"} 1' in names
    assert openmetrics.endswith("# EOF\n")
    assert herd.glances == 3
