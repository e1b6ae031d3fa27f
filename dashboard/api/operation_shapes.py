"""Operations as JSON."""

from __future__ import annotations

from dataclasses import asdict

from core.operations.operation import Operation, Skip, Target
from dashboard.api.shapes import Json, queue_id
from dashboard.urls import job_href, operation_href, queue_href


def operation(base: str, operation: Operation) -> Json:
    """What was asked, how far it is, and for each queue what was skipped and why."""
    return {
        **operation_row(base, operation),
        "examples": [_skip(base, skip) for skip in operation.examples],
        "targets": [_target(base, target) for target in operation.targets],
    }


def operation_row(base: str, operation: Operation) -> Json:
    """What was asked and how far it is."""
    request = operation.request
    return {
        "id": operation.id,
        "href": operation_href(base, operation.id),
        "action": request.action,
        "queues": "all" if request.queues is None else [queue_href(base, id) for id in request.queues],
        "matching": request.matching,
        "state": request.state,
        "options": asdict(request.options),
        "reason": request.reason,
        "by": request.by,
        "status": operation.status,
        "trouble": operation.trouble,
        "total": operation.total,
        "exact": operation.exact,
        "done": operation.done,
        "unconfirmed": operation.unconfirmed,
        "skipped": dict(operation.skipped or {}),
        "rate": operation.rate,
        "seconds_left": operation.seconds_left,
        "created": operation.created,
        "started": operation.started,
        "finished": operation.finished,
        "slices": operation.slices,
        "largest_slice": operation.largest_slice,
        "longest_slice": operation.longest_slice,
    }


def _skip(base: str, skip: Skip) -> Json:
    id = skip.job_id
    return {
        "queue": queue_id(base, skip.queue),
        "id": id,
        "reason": skip.reason,
        "sentence": skip.sentence,
        "href": queue_href(base, skip.queue) if id is None else job_href(base, skip.queue, id),
    }


def _target(base: str, target: Target) -> Json:
    return {
        "queue": queue_id(base, target.queue),
        "state": target.state,
        "count": target.count,
        "exact": target.exact,
        "refusal": target.refusal,
        "done": target.done,
        "skipped": target.skipped,
    }
