"""What each call of the API needs so that it is really done once: a job in the right state, and a body."""

from __future__ import annotations

from typing import Any

from core.failures.fingerprint import fingerprint
from dashboard.api.call import Call
from tests.dashboard.fixed_operations import LIVE
from tests.dashboard.fixed_searches import FULL
from tests.dashboard.fixed_searches import LIVE as SEARCH
from tests.dashboard.fixed_views import VIEW_ID
from tests.dashboard.served import BASE

JOBS = {"retry": "3", "promote": "4", "change_job": "4", "fail": "2", "requeue": "2"}
GROUP = fingerprint("send", "ECONNRESET", "Error: ECONNRESET\n    at send (mail.js:1)").key
BODIES: dict[str, Any] = {
    "OperationRequest": {"action": "retry", "queues": "all", "state": "failed", "reason": "they were down"},
    "OperationHeld": {"reason": "look first"},
    "OperationTold": {"reason": "it is mended", "scope": "a signature"},
    "NewJobs": {"name": "send", "data": {"to": "ada"}, "opts": {"delay": 5}},
    "JobChange": {"data": {"n": 1.10}, "priority": 3, "lifo": True, "delay": 7, "progress": {"percent": 5}},
    "Retry": {"reset_attempts": True},
    "Duplicate": {"data": [1]},
    "Move": {"queue": f"{BASE}/api/queues/default/bull/video", "again": False},
    "Failure": {"reason": "it hangs"},
    "Requeue": {"force": False},
    "LogLine": {"line": "seen by ada"},
    "QueueChange": {"concurrency": 5, "rate_limit": {"max": 10, "duration": 1000}},
    "SearchRequest": {"q": "ECONNRESET", "queues": "all", "states": ["failed"]},
    "EventTrim": {"keep": 100},
    "SendBack": {"ids": ["1"], "name": "send", "keep": True},
    "FailureResolution": {"why": "fixed in 1.4"},
    "FailureIgnoring": {"for": 60_000, "rate": 500, "why": "known"},
    "NewScheduler": {"id": "hourly", "name": "digest", "every": 3_600_000, "data": {"n": 1}},
    "SchedulerChange": {"pattern": "0 3 * * *", "tz": "Europe/Berlin", "opts": {"attempts": 3}},
    "NewView": {"name": "Bounced", "state": "failed", "q": "reason:bounced"},
    "ViewChange": {"name": "Bounced for good"},
}


def address(call: Call, queue: tuple[str, str, str] = ("default", "bull", "mail")) -> str:
    """Where it is, for a job that it can be done to."""
    instance, prefix, name = queue
    job_id = JOBS.get(call.answer.__name__, "5")
    return f"{BASE}/api" + call.path.format(
        instance=instance,
        prefix=prefix,
        name=name,
        job_id=job_id,
        operation_id=LIVE,
        deduplication_id="d",
        search_id=FULL if call.answer.__name__ == "search_older" else SEARCH,
        group=GROUP,
        removal_id="known",
        view_id=VIEW_ID,
        scheduler_key="ping",
    )


def query(call: Call) -> dict[str, Any]:
    """A value for every parameter that it must have."""
    once = {"follow": "false"} if any(p.name == "follow" for p in call.parameters) else {}
    timed = {"every": "60000"} if call.answer.__name__ == "preview_schedule" else {}
    return {**{p.name: p.schema["enum"][0] for p in call.parameters if p.required}, **once, **timed}


def body(call: Call) -> Any:
    """What it reads; None where it reads nothing."""
    return BODIES.get(call.body)
