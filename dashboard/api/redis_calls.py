"""What the API can be asked of each Redis."""

from __future__ import annotations

from core.permission import Permission
from dashboard.api import redis_shapes
from dashboard.api.asked import Asked
from dashboard.api.call import Call
from dashboard.api.shapes import Json
from dashboard.budgets import Cost


async def redis(asked: Asked) -> Json:
    """How each instance is, and which queues hold how much of it."""
    await asked.herd.look()
    standings, held = await asked.herd.redis_health.look(), await asked.herd.redis_health.held()
    return redis_shapes.redis(asked.base, standings, held)


CALLS = (
    Call(
        "GET",
        "/redis",
        redis,
        "RedisHealth",
        "How each Redis is, which queues hold how much of it, and what Tickbird costs it",
        Permission.VIEW,
        refusals=(),
        costs=Cost.HEAVY,
    ),
)
