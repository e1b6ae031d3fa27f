"""Queues and what happens to them as JSON: one function for each type of value. Jobs are in `job_shapes`.

Keys of our own are in snake_case, instants and durations in milliseconds, and null means "not known", never zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from core.history import History
from core.job import Covered
from core.model import Outcome, Permit, Queue, QueueId
from core.snapshot import Reading, RedisFacts, Snapshot
from dashboard.urls import job_href, job_page, queue_href, queue_page

Json = dict[str, Any]
# Readings come every second or so while somebody looks; one this old means that something is wrong.
STALE_AFTER = 15_000


def queue_id(base: str, id: QueueId) -> Json:
    """What a person and a URL call a queue, and where it is."""
    return {
        "instance": id.instance,
        "prefix": id.prefix,
        "name": id.name,
        "href": queue_href(base, id),
        "page": queue_page(base, id),
    }


def queue_row(base: str, queue: Queue, freshness: Mapping[str, Any]) -> Json:
    """A queue as the list shows it. `freshness` says how old the reading is."""
    return {
        **queue_id(base, queue.id),
        "dialect": queue.identity.dialect,
        "version": queue.identity.version,
        "label": queue.identity.label,
        "paused": queue.paused,
        "counts": {state.value: count for state, count in queue.counts.items()},
        "total": queue.total,
        "backlog": queue.backlog,
        "overdue": queue.overdue,
        "oldest_ready": queue.oldest_ready,
        "workers": queue.workers and {"total": queue.workers.total, "free": queue.workers.free},
        "in_per_minute": queue.traffic.in_per_minute,
        "out_per_minute": queue.traffic.out_per_minute,
        "completed_last_hour": queue.completed_last_hour,
        "failed_last_hour": queue.failed_last_hour,
        "health": queue.verdict.health,
        "verdict": queue.verdict.sentence,
        "needs_attention": queue.verdict.needs_attention,
        **freshness,
    }


def queue(base: str, queue: Queue, freshness: Mapping[str, Any], permits: tuple[Permit, ...]) -> Json:
    """Everything that is known of one queue, and what may be done to it now."""
    limits, instants = queue.limits, queue.instants
    return {
        **queue_row(base, queue, freshness),
        "library": queue.identity.library,
        "evidence": list(queue.identity.evidence),
        "pinned": queue.identity.pinned,
        "doubt": queue.identity.doubt,
        "worker_names": list(queue.workers.names) if queue.workers else None,
        "limits": {
            "concurrency": limits.concurrency,
            "rate_max": limits.rate_max,
            "rate_duration": limits.rate_duration,
            "limited_for": limits.limited_for,
        },
        "instants": {
            "oldest_waiting": instants.oldest_waiting,
            "oldest_prioritized": instants.oldest_prioritized,
            "oldest_active": instants.oldest_active,
            "oldest_failed": instants.oldest_failed,
            "next_delayed": instants.next_delayed,
            "last_finished": instants.last_finished,
            "stalled_check": instants.stalled_check,
        },
        "spark": list(queue.traffic.spark),
        "arrivals": list(queue.traffic.arrivals),
        "ids": queue.ids,
        "completed_ever": queue.completed_ever,
        "failed_ever": queue.failed_ever,
        "max_events": queue.max_events,
        "active_without_lock": queue.active_without_lock,
        "permits": [permit(one) for one in permits],
    }


def queues(base: str, snapshot: Snapshot, now: int) -> Json:
    """Every queue of every instance, and how each instance stands."""
    rows = (queue_row(base, q, freshness(r, now)) for r in snapshot.readings for q in r.queues)
    return {
        "queues": list(rows),
        "instances": [instance(reading, now) for reading in snapshot.readings],
        "snapshot": snapshot.version,
    }


def instance(reading: Reading, now: int) -> Json:
    """How one Redis stands: whether it answers, how old its numbers are, and how far the search for queues is."""
    walk = reading.discovery
    return {
        "name": reading.instance,
        "up": reading.taken_at is not None and reading.down_since is None,
        "down_since": reading.down_since,
        "trouble": reading.trouble,
        "refusals": list(reading.refusals),
        "queues": len(reading.queues),
        "redis": reading.redis and redis(reading.redis),
        "discovery": {
            "running": walk.running,
            "keys_seen": walk.keys_seen,
            "keys_total": walk.keys_total,
            "last_seconds": walk.last_seconds,
        },
        **freshness(reading, now),
    }


def redis(facts: RedisFacts) -> Json:
    """What a Redis says of itself."""
    return {
        "flavour": facts.flavour,
        "version": facts.version,
        "mode": facts.mode,
        "role": facts.role,
        "maxmemory_policy": facts.policy,
        "memory_used": facts.memory_used,
        "memory_max": facts.memory_max,
        "clients": facts.clients,
        "evicted_keys": facts.evicted_keys,
        "rejected_connections": facts.rejected_connections,
        "uptime_seconds": facts.uptime_seconds,
    }


def freshness(reading: Reading | None, now: int) -> Json:
    """When the numbers beside this were read, how old they are, and whether they can still be trusted."""
    taken_at = reading.taken_at if reading else None
    age = max(0, now - taken_at) if taken_at is not None else None
    away = reading is None or reading.down_since is not None
    return {"taken_at": taken_at, "age_ms": age, "stale": away or age is None or age > STALE_AFTER}


def covered(covered: Covered) -> Json:
    """What an answer looked at."""
    return {"looked_at": covered.looked_at, "total": covered.total, "note": covered.note}


def last_hour(history: History) -> Json:
    """How much of the last hour the figures cover, and from when on nothing can be missing."""
    known = sum(minute.completed is not None or minute.failed is not None for minute in history.minutes)
    return {
        "minutes": known,
        "of": len(history.minutes),
        "exact_since": history.exact_since,
        "note": history.note,
    }


def known_sum(numbers: Iterable[int | None]) -> int | None:
    """The sum of what is known; None where nothing is."""
    known = [number for number in numbers if number is not None]
    return sum(known) if known else None


def permit(permit: Permit) -> Json:
    """Whether an action is legal now, and if not, why."""
    return {"verb": permit.verb, "allowed": permit.allowed, "why": permit.why}


def outcome(base: str, outcome: Outcome) -> Json:
    """What an action did, and where to look at it."""
    id = outcome.job_id
    where = queue_id(base, outcome.queue)
    if id is not None:
        where |= {"href": job_href(base, outcome.queue, id), "page": job_page(base, outcome.queue, id)}
    return {
        "verb": outcome.verb,
        "changed": outcome.changed,
        "sentence": outcome.sentence,
        "id": id,
        "href": where["href"],
        "page": where["page"],
        "queue": queue_id(base, outcome.queue),
    }


def outcomes(base: str, done: Sequence[Outcome]) -> Json:
    """What several acts of one call did, in their order."""
    return {"outcomes": [outcome(base, one) for one in done]}
