"""Groups of failures as JSON."""

from __future__ import annotations

from core.failures.evidence import Evidence
from core.failures.fingerprint import VERSION
from core.failures.groups import WINDOWS, Group
from core.failures.marks import Mark
from core.failures.survey import Failures, Listed
from core.model import QueueId
from dashboard.api.shapes import Json
from dashboard.urls import failure_href, job_href, queue_href

# The columns by their names, beside their lengths in `WINDOWS`.
SPANS = ("5m", "1h", "6h", "24h", "7d")


def failures(base: str, seen: Failures, groups: tuple[Group, ...]) -> Json:
    """These groups, and how much of all failures is in groups."""
    return {
        "groups": [group(base, each) for each in groups],
        "known": seen.known,
        "total": seen.total,
        "trouble": [*seen.trouble, *seen.notes],
    }


def group(base: str, of: Group) -> Json:
    """A group as a list shows it, and its page too."""
    how = of.fingerprint
    return {
        "key": of.key,
        "href": failure_href(base, of.key),
        "rule": VERSION,
        "fingerprint": {"name": how.name, "error": how.error, "message": how.message, "frame": how.frame},
        "standing": of.standing,
        "mark": _mark(of.mark) if of.mark else None,
        "count": of.count,
        "gone": of.gone,
        "first": of.first,
        "last": of.last,
        "recent": dict(zip(SPANS, of.recent, strict=True)),
        "gone_recent": dict(zip(SPANS, of.gone_recent, strict=True)),
        "trend": list(of.trend),
        "queues": [{"href": queue_href(base, id), "count": number} for id, number in of.queues],
        "examples": [_job(base, *example) for example in of.examples],
        "evidence": _evidence(base, of.evidence) if of.evidence else None,
    }


def listed(base: str, found: Listed, following: int) -> Json:
    """Some jobs of a group."""
    more = following if following < found.total else None
    return {"jobs": [_job(base, *job) for job in found.jobs], "total": found.total, "next": more}


def window(span: str) -> int:
    """The length of a column in milliseconds."""
    return WINDOWS[SPANS.index(span)]


def _job(base: str, queue: QueueId, id: str, at: int) -> Json:
    return {"queue": queue_href(base, queue), "id": id, "href": job_href(base, queue, id), "failed_at": at}


def _mark(mark: Mark) -> Json:
    return {
        "standing": mark.standing,
        "at": mark.at,
        "by": mark.by,
        "why": mark.why,
        "until": mark.until,
        "rate": mark.rate,
        "returned": mark.returned,
    }


def _evidence(base: str, kept: Evidence) -> Json:
    example = kept.example
    return {
        "job": example.job_id if example else None,
        "queue": queue_href(base, example.queue) if example else None,
        "message": example.message if example else None,
        "stack": example.stack if example else None,
    }
