"""The metrics that come of following each job by its events: of a whole queue, and of each job name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache

from core.events.histogram import Distribution
from core.events.seen import OUTCOMES, RESULTS, RUNS, NameSeen, QueueSeen, Source
from exporter.family import Family, Kind, SeenView, Several, Single, Spread
from exporter.labels import label

COUNTER, GAUGE, HISTOGRAM = Kind.COUNTER, Kind.GAUGE, Kind.HISTOGRAM
_OUTCOMES = [label("outcome", outcome) for outcome in OUTCOMES]
_RESULTS = [label("result", result) for result in RESULTS]
_RUNS = [label("outcome", outcome) for outcome in RUNS]
_NOT_TOLD = "on Bull and where source is retained, as nothing tells"
_NONE_YET = "until there was one"
_UNFOLLOWED = "where no events are followed"

Spreads = Iterable[tuple[str, Distribution]]


def _streamed(read: Callable[[QueueSeen], int]) -> Callable[[SeenView], float | None]:
    """A number that only an event stream can tell."""
    return lambda view: read(view.seen) if view.seen.source is Source.STREAM else None


def _unless_retained(read: Callable[[QueueSeen], int]) -> Callable[[SeenView], float | None]:
    return lambda view: None if view.seen.source is Source.RETAINED else read(view.seen)


def _by(words: Sequence[str], values: Iterable[Distribution | None]) -> Spreads:
    return [(f",{word}", found) for word, found in zip(words, values, strict=True) if found]


@lru_cache(maxsize=256)
def _reason(name: str) -> str:
    return label("reason", name)


def _one(found: Distribution | None) -> Spreads:
    return [("", found)] if found else ()


SEEN: tuple[Family[SeenView], ...] = (
    Single("bullmq_jobs_added_total", COUNTER, "Jobs added.", _NOT_TOLD, _streamed(lambda seen: seen.all.added)),
    Several(
        "bullmq_jobs_finished_total",
        COUNTER,
        "Jobs that completed, or failed for good.",
        _UNFOLLOWED,
        ("outcome",),
        lambda view: zip(_OUTCOMES, view.seen.all.finished, strict=True),
    ),
    Several(
        "bullmq_job_attempts_total",
        COUNTER,
        "Attempts at jobs, by how each ended.",
        _UNFOLLOWED,
        ("result",),
        lambda view: zip(_RESULTS, view.seen.all.attempts, strict=True),
    ),
    Several(
        "bullmq_jobs_failed_reason_total",
        COUNTER,
        "Jobs that failed for good, by the configured class of their reason.",
        _UNFOLLOWED,
        ("reason",),
        lambda view: [(_reason(reason), count) for reason, count in view.seen.reasons.items()],
    ),
    Single(
        "bullmq_jobs_stalled_total",
        COUNTER,
        "How often a job stalled: its worker was lost, and the job went back into the line.",
        "where source is retained, as nothing tells",
        _unless_retained(lambda seen: seen.stalled),
    ),
    Single(
        "bullmq_jobs_retries_exhausted_total",
        COUNTER,
        "Jobs that failed for good because all their attempts were used up.",
        _NOT_TOLD,
        _streamed(lambda seen: seen.exhausted),
    ),
    Single(
        "bullmq_jobs_deduplicated_total",
        COUNTER,
        "Jobs that were not added because of their deduplication id.",
        _NOT_TOLD,
        _streamed(lambda seen: seen.deduplicated),
    ),
    Single(
        "bullmq_jobs_duplicated_total",
        COUNTER,
        "Jobs that were not added because there was one of the same id.",
        "where source is retained, as nothing tells",
        _unless_retained(lambda seen: seen.duplicated),
    ),
    Single(
        "bullmq_jobs_removed_total",
        COUNTER,
        "Jobs that were removed one by one.",
        _NOT_TOLD,
        _streamed(lambda seen: seen.removed),
    ),
    Spread(
        "bullmq_job_wait_seconds",
        HISTOGRAM,
        "How long a job was ready to run before it was started; each attempt counts.",
        _NONE_YET,
        (),
        lambda view: _one(view.seen.all.wait),
    ),
    Spread(
        "bullmq_job_run_seconds",
        HISTOGRAM,
        "How long each attempt ran. The outcome retried is an attempt that failed and is to be repeated.",
        _NONE_YET,
        ("outcome",),
        lambda view: _by(_RUNS, view.seen.all.runs),
    ),
    Spread(
        "bullmq_job_total_seconds",
        HISTOGRAM,
        "How long it took from adding a job until it completed or failed for good.",
        _NONE_YET,
        ("outcome",),
        lambda view: _by(_OUTCOMES, view.seen.totals),
    ),
    Spread(
        "bullmq_job_attempts",
        HISTOGRAM,
        "How often a job was started until it completed or failed for good.",
        _NONE_YET,
        ("outcome",),
        lambda view: _by(_OUTCOMES, view.seen.attempts),
        divisor=1,
    ),
    Spread(
        "bullmq_job_promotion_delay_seconds",
        HISTOGRAM,
        "How late delayed jobs were made ready to run.",
        _NONE_YET,
        (),
        lambda view: _one(view.seen.promotion_delay),
    ),
    Single(
        "bullmq_exporter_events_lost_total",
        COUNTER,
        "Events that were trimmed away before they could be read.",
        "on Redis before 7, which does not count events, and on Bull",
        lambda view: view.seen.lost,
    ),
    Single(
        "bullmq_exporter_events_gaps_total",
        COUNTER,
        "How often events were lost: trimmed away, or missed while the connection was down.",
        _UNFOLLOWED,
        lambda view: view.seen.gaps,
    ),
    Single(
        "bullmq_exporter_stream_length",
        GAUGE,
        "Events that the queue's stream held when it was last asked.",
        "on Bull and where source is retained",
        lambda view: view.seen.stream_length,
    ),
)


def _named(view: SeenView) -> Iterable[tuple[str, NameSeen]]:
    return ((label("name", name), seen) for name, seen in view.seen.names.items())


def _each(
    words: Sequence[str], read: Callable[[NameSeen], Iterable[int]]
) -> Callable[[SeenView], Iterable[tuple[str, float]]]:
    return lambda view: [
        (f"{name},{word}", value) for name, seen in _named(view) for word, value in zip(words, read(seen), strict=True)
    ]


# The same metrics for each job name; what has no name cannot be told apart, and is counted under the empty one.
NAMED: tuple[Family[SeenView], ...] = (
    Several(
        "bullmq_jobs_added_total",
        COUNTER,
        "Jobs added.",
        _NOT_TOLD,
        ("name",),
        lambda view: [(name, seen.added) for name, seen in _named(view)] if view.seen.source is Source.STREAM else (),
    ),
    Several(
        "bullmq_jobs_finished_total",
        COUNTER,
        "Jobs that completed, or failed for good.",
        "until a job of that name was seen",
        ("name", "outcome"),
        _each(_OUTCOMES, lambda seen: seen.finished),
    ),
    Several(
        "bullmq_job_attempts_total",
        COUNTER,
        "Attempts at jobs, by how each ended.",
        "until a job of that name was seen",
        ("name", "result"),
        _each(_RESULTS, lambda seen: seen.attempts),
    ),
    Spread(
        "bullmq_job_wait_seconds",
        HISTOGRAM,
        "How long a job was ready to run before it was started; each attempt counts.",
        "unless metrics.job_times names the queue",
        ("name",),
        lambda view: [(f",{name}", seen.wait) for name, seen in _named(view) if seen.wait],
    ),
    Spread(
        "bullmq_job_run_seconds",
        HISTOGRAM,
        "How long each attempt ran. The outcome retried is an attempt that failed and is to be repeated.",
        "unless metrics.job_times names the queue",
        ("name", "outcome"),
        lambda view: [(f",{name}{more}", run) for name, seen in _named(view) for more, run in _by(_RUNS, seen.runs)],
    ),
)
