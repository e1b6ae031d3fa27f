"""Operations as JSON."""

from __future__ import annotations

from dataclasses import asdict

from core.operations.canary import Bird
from core.operations.operation import Operation, Skip, Target
from core.operations.skips import SkipPage
from dashboard.api.shapes import Json, queue_id
from dashboard.urls import job_href, operation_href, queue_href


def operation(base: str, operation: Operation) -> Json:
    """What was asked, how far it is, and for each queue what was skipped and why."""
    return {
        **operation_row(base, operation),
        "examples": [skip_shape(base, skip) for skip in operation.examples],
        "targets": [_target(base, target) for target in operation.targets],
        "sample": [{"queue": queue_id(base, q), "id": id, "href": job_href(base, q, id)} for q, id in operation.sample],
        "canary": [_bird(base, bird) for bird in operation.birds],
        "told": [asdict(told) for told in operation.told],
        "listed": operation.listed,
        "unlisted": operation.unlisted,
    }


def operation_row(base: str, operation: Operation) -> Json:
    """What was asked and how far it is."""
    request, to = operation.request, operation.request.options.to
    return {
        "id": operation.id,
        "href": operation_href(base, operation.id),
        "action": request.action,
        "queues": "all" if request.queues is None else [queue_href(base, id) for id in request.queues],
        "matching": request.matching,
        "state": request.state,
        "options": {**asdict(request.options), "to": queue_href(base, to) if to else None},
        "q": request.query,
        "asked": request.asked,
        "reason": request.reason,
        "by": request.by,
        "status": operation.status,
        "trouble": operation.trouble,
        "total": operation.total,
        "exact": operation.exact,
        "at_least": operation.least,
        "reach": operation.reach,
        "looked": operation.looked,
        "scope": operation.scope,
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


def skip_page(base: str, operation: Operation, page: SkipPage) -> Json:
    """Some of what was left alone, and what is not in there."""
    return {
        "skipped": [skip_shape(base, skip) for skip in page.skips],
        "next": page.next,
        "listed": operation.listed,
        "unlisted": operation.unlisted,
        "note": not_listed(operation, lost=page.lost),
    }


def not_listed(operation: Operation, *, lost: bool) -> str:
    """What a list of all that was left alone does not have, in words; empty where it has everything."""
    few = (
        f"{operation.unlisted:,} more were counted, but there was no room to list them. " if operation.unlisted else ""
    )
    gone = "A part of this list was dropped for that of newer operations." if lost else ""
    return (few + gone).strip()


def _bird(base: str, bird: Bird) -> Json:
    href = job_href(base, bird.queue, bird.id)
    return {
        "queue": queue_id(base, bird.queue),
        "id": bird.id,
        "state": bird.state,
        "reason": bird.reason,
        "href": href,
    }


def skip_shape(base: str, skip: Skip) -> Json:
    """One that was left alone."""
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
        "reach": target.reach,
        "looked": target.looked,
        "at_least": target.least,
        "cutoff": target.cutoff,
    }
