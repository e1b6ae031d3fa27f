"""How each Redis is, read when somebody looks; its trends come from the readings that are taken anyway."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace

from core.access.asker import asker
from core.errors import TickbirdError
from core.instance import Instance, pack
from core.redis_health.concerns import Concern, Untrimmed, concerns, full_in, untrimmed
from core.redis_health.cost import Cost, measured
from core.redis_health.holdings import Holdings, holdings
from core.redis_health.server import Server, server
from core.redis_health.slow_log import COMMANDS, SlowCommand, SlowLog, slow_log
from core.redis_health.trend import Slope, Trend
from core.sight import Sight, now
from core.snapshot import Reading
from core.text import raw_bytes

# What a Redis says of itself, and what is measured of it, is asked anew at most this often (seconds).
FRESH, MEASURED_FRESH = 2.0, 60.0
_INFO = pack(b"INFO")


@dataclass(frozen=True, slots=True)
class Standing:
    """How one instance is. `servers` has one for each master of a cluster. `slope` and `full_in` (milliseconds) are of
    all of them together. While it is away only `down_since` and `trouble` speak."""

    instance: str
    address: str
    down_since: int | None = None
    trouble: str = ""
    refusals: tuple[str, ...] = ()
    servers: tuple[Server, ...] = ()
    slope: Slope = field(default_factory=lambda: Slope(None, 0))
    full_in: int | None = None
    concerns: tuple[Concern, ...] = ()
    slow: SlowLog = field(default_factory=SlowLog)
    cost: Cost = field(default_factory=lambda: Cost(0.0))
    queues: int = 0


@dataclass(frozen=True, slots=True)
class Held:
    """Which queues of an instance hold how much, and which finished jobs nobody trims. `trouble`: it is not known."""

    instance: str
    holdings: Holdings = field(default_factory=Holdings)
    untrimmed: tuple[Untrimmed, ...] = ()
    trouble: str = ""


class RedisHealth:
    """Looks at every instance in `sight`, and keeps an hour of their memory and of their finished jobs."""

    def __init__(self, sight: Sight) -> None:
        self._sight = sight
        self._trend = Trend()
        sight.listeners.append(self._trend.hear)

    async def look(self) -> tuple[Standing, ...]:
        """Every instance; one that cannot be asked says so in its `trouble`."""
        return tuple(await asyncio.gather(*(self._told(reading) for reading in self._sight.snapshot.readings)))

    async def held(self) -> tuple[Held, ...]:
        """What the queues of every instance hold, measured at most once a minute."""
        return tuple(await asyncio.gather(*(self._held(reading) for reading in self._sight.snapshot.readings)))

    async def _told(self, reading: Reading) -> Standing:
        name = reading.instance
        plain = Standing(
            name, self._sight.instances[name].address, reading.down_since, reading.trouble, reading.refusals
        )
        try:
            found = await self._sight.read_of(name, ("redis health", name), self._look, FRESH)
            cost = await self._cost(reading)
        except TickbirdError as error:
            return replace(plain, trouble=error.message)
        servers, slow, refusal = found
        away = self._sight.instances[name].away
        slope = self._trend.memory(name)
        until = full_in(servers, slope)
        return replace(
            plain,
            refusals=tuple(filter(None, (refusal, away))),
            servers=servers,
            slope=slope,
            full_in=until,
            concerns=concerns(servers, until, now()),
            slow=replace(slow, ours=tuple(self._shown(name, command) for command in slow.ours)),
            cost=cost,
            queues=len(reading.queues),
        )

    async def _look(self, instance: Instance) -> tuple[tuple[Server, ...], SlowLog, str]:
        answers = await instance.on_each_node([_INFO, *COMMANDS])
        slow = slow_log([(address, replies[1:]) for address, replies in answers])
        refused = next((replies[0] for _, replies in answers if isinstance(replies[0], Exception)), None)
        if refused is not None:
            return (
                (),
                slow,
                f"Redis does not let us ask INFO ({refused}), so nothing is known of its memory or its safety.",
            )
        return tuple(server(address, replies[0]) for address, replies in answers), slow, ""

    async def _cost(self, reading: Reading) -> Cost:
        name, per_minute = reading.instance, reading.commands_per_minute
        found = await self._sight.read_of(
            name, ("cost", name), lambda instance: measured(instance, reading.queues), MEASURED_FRESH
        )
        return replace(found, per_minute=per_minute)

    def _shown(self, name: str, command: SlowCommand) -> SlowCommand:
        """Without the key, where it is of a queue that is not there for who asks."""
        mine = asker().scope.is_whole or self._sight.resolve(name, raw_bytes(command.key)) is not None
        return command if mine else replace(command, key="")

    async def _held(self, reading: Reading) -> Held:
        name = reading.instance

        async def measure(instance: Instance) -> Holdings:
            return await holdings(instance, reading.queues)

        try:
            found = await self._sight.read_of(name, ("holdings", name), measure, MEASURED_FRESH)
        except TickbirdError as error:
            return Held(name, trouble=error.message)
        return Held(name, found, untrimmed(found, self._trend))
