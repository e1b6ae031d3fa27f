"""What each call of the API needs so that it is really done once: a job in the right state, and a body."""

from __future__ import annotations

from typing import Any

from dashboard.api.call import Call
from tests.dashboard.fixed_operations import LIVE
from tests.dashboard.served import BASE

JOBS = {"retry": "3", "promote": "4", "change_job": "4", "fail": "2", "requeue": "2"}
BODIES: dict[str, Any] = {
    "OperationRequest": {"action": "retry", "queues": "all", "state": "failed", "reason": "they were down"},
    "NewJobs": {"name": "send", "data": {"to": "ada"}, "opts": {"delay": 5}},
    "JobChange": {"data": {"n": 1.10}, "priority": 3, "lifo": True, "delay": 7, "progress": {"percent": 5}},
    "Retry": {"reset_attempts": True},
    "Duplicate": {"data": [1]},
    "Failure": {"reason": "it hangs"},
    "Requeue": {"force": False},
    "LogLine": {"line": "seen by ada"},
    "QueueChange": {"concurrency": 5, "rate_limit": {"max": 10, "duration": 1000}},
    "EventTrim": {"keep": 100},
}


def address(call: Call, queue: tuple[str, str, str] = ("default", "bull", "mail")) -> str:
    """Where it is, for a job that it can be done to."""
    instance, prefix, name = queue
    job_id = JOBS.get(call.answer.__name__, "5")
    return f"{BASE}/api" + call.path.format(
        instance=instance, prefix=prefix, name=name, job_id=job_id, operation_id=LIVE, deduplication_id="d"
    )


def query(call: Call) -> dict[str, Any]:
    """A value for every parameter that it must have."""
    return {p.name: p.schema["enum"][0] for p in call.parameters if p.required}


def body(call: Call) -> Any:
    """What it reads; None where it reads nothing."""
    return BODIES.get(call.body)
