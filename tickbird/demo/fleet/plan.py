"""How large, how busy and how lucky the company is."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.connection import parse_url


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The options of the demo. The same seed gives the same names and data, in the same order."""

    redis_url: str
    jobs_per_second: float
    queues: int
    seed: str

    def luck(self, *about: object) -> Random:
        """A source of chance for one purpose, which what happens elsewhere cannot disturb."""
        return Random(":".join(map(str, (self.seed, *about))))  # noqa: S311 - a play, not a secret

    def connection(self) -> dict[str, Any]:
        """Connection options for bullmq, which opens connections of its own for each worker."""
        # redis-py would give up after 5 s by default, and a waiting worker blocks for longer than that.
        return {**parse_url(self.redis_url), "socket_timeout": None}

    def client(self) -> Redis:
        """One pooled client, for all producers together."""
        return Redis(**self.connection(), decode_responses=True)
