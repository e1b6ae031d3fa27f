"""Workers and lock pulses as JSON."""

from __future__ import annotations

from core.workers.crew import Crew, Pulse, Vanished, Worker
from dashboard.api.shapes import Json, covered, queue_id
from dashboard.urls import job_href, job_page


def crew(base: str, crew: Crew) -> Json:
    """Everyone who works, worst first."""
    return {
        "workers": [worker(base, one) for one in crew.workers],
        "jobs": [pulse(base, one) for one in crew.pulses],
        "vanished": [vanished(base, one) for one in crew.vanished],
        "nameless": crew.nameless,
        "trouble": list(crew.trouble),
        "covered": covered(crew.covered),
    }


def worker(base: str, worker: Worker) -> Json:
    """One connection. `jobs` is null where nothing tells which jobs are its own."""
    return {
        "instance": worker.instance,
        "queue": worker.queue and queue_id(base, worker.queue),
        "serves": worker.serves,
        "name": worker.name,
        "address": worker.address,
        "connected_at": worker.connected_at,
        "idle": worker.idle,
        "free": worker.free,
        "waits_on": worker.waits_on,
        "client": worker.library,
        "condition": worker.condition,
        "jobs": None if worker.jobs is None else list(worker.jobs),
        "note": worker.note,
    }


def pulse(base: str, pulse: Pulse) -> Json:
    """How an active job stands with its worker, and why one may say so."""
    return {
        "id": pulse.job_id,
        "name": pulse.name,
        "queue": queue_id(base, pulse.queue),
        "href": job_href(base, pulse.queue, pulse.job_id),
        "page": job_page(base, pulse.queue, pulse.job_id),
        "condition": pulse.condition,
        "evidence": pulse.evidence,
        "lock_left": pulse.lock_left,
        "lock_usual": pulse.usual,
        "renewed_at": pulse.renewed_at,
        "worker": pulse.worker,
        "since": pulse.since,
        "timeout": pulse.timeout,
        "past_timeout": pulse.past_timeout,
    }


def vanished(base: str, gone: Vanished) -> Json:
    """A worker that went while jobs were held."""
    return {
        "instance": gone.instance,
        "queue": gone.queue and queue_id(base, gone.queue),
        "serves": gone.serves,
        "name": gone.name,
        "address": gone.address,
        "connected_at": gone.connected_at,
        "gone_at": gone.gone_at,
        "jobs": list(gone.jobs),
        "sure": gone.sure,
        "left": gone.left,
    }
