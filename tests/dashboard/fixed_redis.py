"""How the instances of a fixed herd are: well, unless told otherwise."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from core.model import State
from core.redis_health.concerns import Untrimmed, concerns
from core.redis_health.cost import Cost
from core.redis_health.front import Held, RedisHealth, Standing
from core.redis_health.holdings import Finished, Holding, Holdings
from core.redis_health.server import Persistence, Replica, Server
from core.redis_health.slow_log import SlowCommand, SlowLog
from core.redis_health.trend import Slope

if TYPE_CHECKING:
    from tests.dashboard.fixed_herd import FixedHerd

MEGA = 1024 * 1024
SERVER = Server(
    address="",
    flavour="redis",
    version="7.4.1",
    mode="standalone",
    role="master",
    uptime=86_400_000,
    memory_used=12 * MEGA,
    memory_peak=14 * MEGA,
    memory_resident=20 * MEGA,
    memory_max=64 * MEGA,
    memory_host=8_000 * MEGA,
    policy="noeviction",
    clients=9,
    blocked=2,
    clients_max=10_000,
    rejected=0,
    evicted=0,
    commands=1_000_000,
    per_second=500,
    persistence=Persistence(aof=True),
    replicas=(Replica("10.0.0.7:6379", "online", 1_000),),
)


class FixedRedis(RedisHealth):
    """`server` is what each instance says of itself."""

    def __init__(self, herd: FixedHerd) -> None:
        self._herd = herd
        self.server = SERVER
        self.slope = Slope(200_000.0, 3_600_000)
        self.full_in: int | None = 15_600_000
        self.slow = SlowLog((SlowCommand(herd.taken_at, 12_345, "EVALSHA", "bull:mail:", ""),), 128, 10_000)

    async def look(self) -> tuple[Standing, ...]:
        return tuple(self._standing(reading.instance) for reading in self._herd.snapshot().readings)

    def _standing(self, name: str) -> Standing:
        plain = Standing(name, f"redis://{name}", queues=len(self._herd.queues))
        if name in (*self._herd.down, *self._herd.never):
            return replace(plain, down_since=self._herd.taken_at, trouble=f"{name} cannot be reached.")
        return replace(
            plain,
            servers=(self.server,),
            slope=self.slope,
            full_in=self.full_in,
            concerns=concerns((self.server,), self.full_in, self._herd.taken_at),
            slow=self.slow,
            cost=Cost(9_300.0, 2.1, 240),
        )

    async def held(self) -> tuple[Held, ...]:
        return tuple(self._holds(reading.instance) for reading in self._herd.snapshot().readings)

    def _holds(self, name: str) -> Held:
        queues = [queue for queue in self._herd.snapshot().queues if queue.id.instance == name]
        finished = (Finished(State.COMPLETED, 48_112, self._herd.taken_at - 86_400_000, trims=False),)
        held = tuple(
            Holding(queue.id, queue.total, 3 * MEGA, 4, 20_000, 10_000, MEGA, 1_000, finished) for queue in queues
        )
        forgotten = tuple(
            Untrimmed(queue.id, State.COMPLETED, 48_112, self._herd.taken_at - 86_400_000, 12, 3_600_000)
            for queue in queues
        )
        return Held(name, Holdings(held, len(queues)), forgotten)
