"""Our reading of a job beside the real library's own, field by field."""

from __future__ import annotations

from typing import Any

from core.herd import Herd
from core.job import Job
from core.model import QueueId
from tests.core.waiting import read_now
from tests.interop.node_driver import Library, NodeQueue

MAIL = QueueId("default", "bull", "mail")
Json = dict[str, Any]


def named(library: Library) -> str:
    return library.alias


def as_json(job: Job) -> Json:
    """Our job under the library's names."""
    row = job.row
    return {
        "id": row.id,
        "name": row.name,
        "data": job.data.value if job.data else None,
        "opts": job.opts.value if job.opts else None,
        "timestamp": row.timestamp,
        "delay": row.delay,
        "priority": row.priority,
        "attemptsMade": row.attempts_made,
        "attemptsStarted": job.attempts_started or 0,
        "stalledCounter": job.stalled_counter or 0,
        "progress": 0 if row.progress is None else row.progress,
        "processedOn": row.processed_on,
        "finishedOn": row.finished_on,
        "failedReason": job.failed_reason.text if job.failed_reason else None,
        "stacktrace": list(job.stacktrace),
        "returnvalue": job.returnvalue.value if job.returnvalue else None,
        "parentKey": job.parent.key if job.parent else None,
    }


def said(mail: NodeQueue, job_id: str) -> Json:
    job = mail.job(job_id)
    assert job is not None
    return {name: value for name, value in job.items() if name not in NOT_IN_THE_HASH}


NOT_IN_THE_HASH = {
    "queueQualifiedName",
    "parent",
    "repeatJobKey",
    "debounceId",
    "deduplicationId",
    "nextRepeatableJobId",
}


def as_written(opts: Json) -> Json:
    """Without what BullMQ fills in when it reads (no attempts), and what it takes apart (the scheduler's key)."""
    return {name: value for name, value in opts.items() if (name, value) != ("attempts", 0) and name != "repeatJobKey"}


async def agree(herd: Herd, mail: NodeQueue, job_id: str) -> Job:
    """Our job, which agrees with the library's on everything that the library tells."""
    await read_now(herd)
    job = await herd.job(MAIL, job_id)
    theirs = said(mail, job_id)
    ours = as_json(job)
    ours["opts"], theirs["opts"] = as_written(ours["opts"]), as_written(theirs["opts"])
    assert {name: ours[name] for name in theirs} == {**theirs, "stacktrace": theirs.get("stacktrace") or []}
    listed = await herd.jobs(MAIL, job.row.state)
    assert job_id in {row.id for row in listed.rows}
    assert job.row in listed.rows
    state = mail.state(job_id)
    assert job.row.state == {"wait": "waiting"}.get(state, state)
    return job
