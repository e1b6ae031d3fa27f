"""Jobs as JSON, under the names that BullMQ itself gives to their fields.

A field that may be large is its JSON value where it was read whole, and null where it was cut or is no JSON;
`payloads` then has its text, and always its true size.
"""

from __future__ import annotations

import math
from typing import Any

from core.job import Children, Job, JobPage, JobRow, Logs, Payload, Relative
from core.model import Permit, QueueId
from dashboard.api.shapes import Json, covered, permit, queue_id
from dashboard.urls import job_href, job_page

# Python's reader follows JSON deeper than its writer may, from wherever that is called.
DEEPEST = 200


def job_row(base: str, queue: QueueId, row: JobRow) -> Json:
    """A job as a list shows it."""
    return {
        "id": row.id,
        "name": row.name,
        "state": row.state,
        "timestamp": row.timestamp,
        "delay": row.delay,
        "dueAt": row.due_at,
        "priority": row.priority,
        "attemptsMade": row.attempts_made,
        "attempts": row.attempts,
        "processedOn": row.processed_on,
        "finishedOn": row.finished_on,
        "took": row.took,
        "progress": row.progress if is_writable(row.progress) else None,
        "failedReason": row.failed_reason,
        "about": dict(row.about),
        "dataSize": row.data_size,
        "stalledCounter": row.stalled,
        "processedBy": row.worker,
        "missing": row.missing,
        "href": job_href(base, queue, row.id),
        "page": job_page(base, queue, row.id),
    }


def page(base: str, queue: QueueId, page: JobPage) -> Json:
    """One page of jobs; `next` is the cursor of the one after it, null at the end."""
    return {
        "jobs": [job_row(base, queue, row) for row in page.rows],
        "next": page.next,
        "covered": covered(page.covered),
    }


def job(base: str, job: Job, permits: tuple[Permit, ...]) -> Json:
    """One job in full: every field that its library writes, and what may be done to it now."""
    return {
        **job_row(base, job.queue, job.row),
        "queue": queue_id(base, job.queue),
        "data": _value(job.data),
        "opts": _value(job.opts),
        "returnvalue": _value(job.returnvalue),
        "progress": _value(job.progress),
        "failedReason": _words(job.failed_reason),
        "stacktrace": list(job.stacktrace),
        "stacktraceCut": job.stack_cut,
        "attemptsStarted": job.attempts_started,
        "stalledCounter": job.row.stalled if job.stalled_counter is None else job.stalled_counter,
        "lock": job.lock,
        "parent": job.parent and relative(base, job.parent),
        "children": job.children and children(base, job.children),
        "logs": job.logs,
        "deferredFailure": job.deferred_failure,
        "deduplicationId": job.deduplication_id,
        "repeatJobKey": job.scheduler,
        "fields": {name: payload(value) for name, value in job.fields.items()},
        "payloads": {name: payload(value, shown=_is_whole(value)) for name, value in _payloads(job)},
        "ineffective": [{"option": option, "why": why} for option, why in job.ineffective],
        "stateNote": job.state_note,
        "permits": [permit(one) for one in permits],
    }


def status(job: Job) -> Json:
    """How a job stands, in six fields; what was too large to send whole is null, and listed under `cut`."""
    return {
        "id": job.row.id,
        "state": job.row.state,
        "progress": _value(job.progress),
        "data": _value(job.data),
        "result": _value(job.returnvalue),
        "error": _words(job.failed_reason),
        "cut": {name: value.size for name, value in _payloads(job) if value.cut},
    }


def logs(logs: Logs) -> Json:
    """Some of a job's log lines; `next` is where to go on, null at the end."""
    end = logs.start + len(logs.lines)
    return {
        "logs": list(logs.lines),
        "start": logs.start,
        "total": logs.total,
        "next": end if logs.lines and end < logs.total else None,
    }


def payload(payload: Payload, *, shown: bool = False) -> Json:
    """A field that may be large: its true size, and its text unless that is `shown` whole elsewhere."""
    return {
        "size": payload.size,
        "cut": payload.cut,
        "is_json": payload.is_json,
        "text": None if shown else payload.text,
    }


def relative(base: str, relative: Relative) -> Json:
    """A parent or child: the queue and href are null where its key does not tell."""
    return {
        "id": relative.id,
        "key": relative.key,
        "queue": relative.queue and queue_id(base, relative.queue),
        "href": relative.queue and job_href(base, relative.queue, relative.id),
        "status": relative.status,
        "note": relative.note,
    }


def children(base: str, children: Children) -> Json:
    """How a parent's children stand."""
    return {
        "total": children.total,
        "pending": children.pending,
        "processed": children.processed,
        "ignored": children.ignored,
        "unsuccessful": children.unsuccessful,
        "listed": [relative(base, one) for one in children.listed],
    }


def is_writable(value: Any, depth: int = DEEPEST) -> bool:
    """Whether JSON can say this: 1e999, NaN and very deep nesting were read, but cannot be written."""
    if isinstance(value, float):
        return math.isfinite(value)
    if not isinstance(value, dict | list):
        return True
    inner = value.values() if isinstance(value, dict) else value
    return depth > 0 and all(is_writable(item, depth - 1) for item in inner)


def _is_whole(payload: Payload) -> bool:
    return payload.is_json and not payload.cut and is_writable(payload.value)


def _value(payload: Payload | None) -> Any:
    return payload.value if payload and _is_whole(payload) else None


def _words(payload: Payload | None) -> str | None:
    return payload.text if payload else None


def _payloads(job: Job) -> list[tuple[str, Payload]]:
    large = (
        ("data", job.data),
        ("opts", job.opts),
        ("returnvalue", job.returnvalue),
        ("progress", job.progress),
        ("failedReason", job.failed_reason),
    )
    return [(name, value) for name, value in large if value is not None]
