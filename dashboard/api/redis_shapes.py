"""How each Redis is, as JSON. Sizes are bytes; instants and durations milliseconds, unless a key says otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from core.redis_health.concerns import Untrimmed
from core.redis_health.cost import Cost
from core.redis_health.front import Held, Standing
from core.redis_health.holdings import Holding
from core.redis_health.slow_log import SlowLog
from dashboard.api.shapes import Json, queue_id


def redis(base: str, standings: Sequence[Standing], held: Sequence[Held]) -> Json:
    """Every instance."""
    holds = {each.instance: each for each in held}
    return {"instances": [standing(base, each, holds.get(each.instance)) for each in standings]}


def standing(base: str, standing: Standing, held: Held | None) -> Json:
    """One instance, server by server."""
    return {
        "name": standing.instance,
        "address": standing.address,
        "down_since": standing.down_since,
        "trouble": standing.trouble,
        "refusals": list(standing.refusals),
        "concerns": [{"kind": one.kind, "sentence": one.sentence} for one in standing.concerns],
        "servers": [asdict(server) for server in standing.servers],
        "memory_slope": {"bytes_per_minute": standing.slope.per_minute, "window": standing.slope.window},
        "memory_full_in": standing.full_in,
        "slow_log": slow_log(standing.slow),
        "cost": cost(standing.cost),
        "queues": standing.queues,
        "holdings": [holding(base, one) for one in held.holdings.held] if held else [],
        "holdings_refusal": (held.holdings.refusal or held.trouble) if held else "",
        "untrimmed": [untrimmed(base, one) for one in held.untrimmed] if held else [],
    }


def slow_log(slow: SlowLog) -> Json:
    """Our own slow commands."""
    return {
        "ours": [
            {"at": one.at, "microseconds": one.took, "command": one.command, "key": one.key, "server": one.server}
            for one in slow.ours
        ],
        "looked_at": slow.looked_at,
        "threshold_microseconds": slow.threshold,
        "refusal": slow.refusal,
    }


def cost(cost: Cost) -> Json:
    """What Tickbird costs it."""
    return {
        "commands_per_minute": cost.per_minute,
        "microseconds_per_command": cost.microseconds,
        "milliseconds_per_minute": cost.milliseconds_per_minute,
        "sample": cost.sample,
        "note": cost.note,
    }


def holding(base: str, holding: Holding) -> Json:
    """One queue's share."""
    return {
        "queue": queue_id(base, holding.queue),
        "bytes": holding.total_bytes,
        "jobs": holding.jobs,
        "jobs_bytes": holding.jobs_bytes,
        "sampled": holding.sampled,
        "lists_bytes": holding.lists_bytes,
        "events": holding.events,
        "events_bytes": holding.events_bytes,
        "max_events": holding.max_events,
    }


def untrimmed(base: str, each: Untrimmed) -> Json:
    """Finished jobs that nobody trims."""
    return {
        "queue": queue_id(base, each.queue),
        "state": each.state,
        "count": each.count,
        "oldest": each.oldest,
        "grown": each.grown,
        "window": each.window,
    }
