"""One Tickbird that dies at its n-th write, to a watched Redis or to its own store, before it took effect or after; and
the next one, which finds what it left.

`python -m tests.contract.interrupted` interrupts every kind of work at every step, and prints a table.
"""

from __future__ import annotations

import asyncio
import re
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

import redis as redis_py

from core.herd import Herd
from core.instance import TIME_LIMIT, Instance
from core.model import Dialect
from core.operations import course, keeping
from core.operations.pace import Pace
from core.redis_settings import RedisSettings
from core.settings import Settings
from tests.contract.tickbirds import kill
from tests.core.waiting import read_now
from tickbird.demo.server import EmbeddedServer

# A script may only read: to die at one more step does no harm.
WRITES = re.compile(rb"\r\n(?:EVALSHA|EVAL|XADD|SET|HSET|DEL)\r\n")
# So that few jobs make several slices.
SLICE = 7
Exchange = Callable[[bytes, int, float], Awaitable[list[Any]]]


@dataclass
class Work:
    """`lay` writes the jobs, `act` does the work, `again` goes on with what an earlier one left of it; `take` is what
    workers do with what has come of it so far, by ids, and `faults` what is wrong when all is done."""

    name: str
    lay: Callable[[redis_py.Redis], None]
    act: Callable[[Herd], Awaitable[None]]
    again: Callable[[Herd], Awaitable[None]]
    take: Callable[[redis_py.Redis], Iterable[str]]
    faults: Callable[[redis_py.Redis, Counter[str]], Iterable[str]]


class Mortal:
    """A process that ends at its write number `at` (counted from 1; 0 for never), before it took effect or after."""

    def __init__(self, at: int = 0, *, after: bool = False) -> None:
        self.at, self.after = at, after
        self.written = 0
        self.stuck = asyncio.Event()
        self._dead = False

    def inhabit(self, instance: Instance) -> None:
        """Take part in all that goes this way."""
        sound = instance.stream

        async def stream(packed: bytes, replies: int, time_limit: float = TIME_LIMIT) -> list[Any]:
            return await self._exchange(sound, packed, replies, time_limit)

        setattr(instance, "stream", stream)  # noqa: B010 # a method in the place of one

    def die(self) -> None:
        """What still wants to write, as it is torn down, does not."""
        self._dead = True

    async def _exchange(self, sound: Exchange, packed: bytes, replies: int, time_limit: float) -> list[Any]:
        if self._dead:
            raise asyncio.CancelledError
        if not WRITES.search(packed):
            return await sound(packed, replies, time_limit)
        self.written += 1
        here, ends = self.written, self.at and self.written >= self.at
        if not ends or (here == self.at and self.after):
            answers = await sound(packed, replies, time_limit)
            if not ends:
                return answers
        self.stuck.set()
        return await asyncio.Event().wait() and []


@asynccontextmanager
async def process(server: EmbeddedServer, mortal: Mortal, dialect: Dialect) -> AsyncIterator[Herd]:
    """A Tickbird that has read everything once, with a store that lasts; it ends without a word to anybody."""
    watched = RedisSettings("default", server.url, ("*",), (("*", dialect),))
    herd = Herd(Settings(redis=(watched,), state_url=server.url.removesuffix("0") + "1"))
    for instance in {*herd._every, herd.store._redis}:  # type: ignore[attr-defined] # a RedisStore, as state_url is set
        mortal.inhabit(instance)
    await read_now(herd)
    herd.operations.begin()
    try:
        yield herd
    finally:
        mortal.die()
        await kill(herd.operations)
        for instance in herd._every:
            await instance.close()
        await herd.store.close()


async def steps(work: Work, server: EmbeddedServer, dialect: Dialect = Dialect.MQ5) -> int:
    """How many writes it takes from the beginning to the end, undisturbed."""
    with _client(server) as redis:
        _afresh(redis, work)
        alive = Mortal()
        async with process(server, alive, dialect) as herd:
            await work.act(herd)
        return alive.written


async def interrupted(work: Work, server: EmbeddedServer, mortal: Mortal, dialect: Dialect = Dialect.MQ5) -> list[str]:
    """What is wrong after it died there, and somebody told the next one to go on."""
    with _client(server) as redis:
        _afresh(redis, work)
        async with process(server, mortal, dialect) as herd:
            await _until_stuck(asyncio.create_task(_awaited(work.act(herd))), mortal)
        _free_leases(redis)
        taken = Counter(work.take(redis))
        async with process(server, Mortal(), dialect) as herd:
            await work.again(herd)
        taken.update(work.take(redis))
        return list(work.faults(redis, taken))


async def _awaited(work: Awaitable[None]) -> None:
    await work


async def _until_stuck(task: asyncio.Task[None], mortal: Mortal) -> None:
    stuck = asyncio.create_task(mortal.stuck.wait())
    await asyncio.wait([task, stuck], return_when=asyncio.FIRST_COMPLETED)
    mortal.die()
    for each in (task, stuck):
        each.cancel()
    await asyncio.gather(task, stuck, return_exceptions=True)


def _client(server: EmbeddedServer) -> redis_py.Redis:
    return redis_py.Redis(port=server.port)


def _afresh(redis: redis_py.Redis, work: Work) -> None:
    redis.flushall()
    work.lay(redis)


def _free_leases(redis: redis_py.Redis) -> None:
    """Those of the dead run out by themselves; nobody waits for that here."""
    with redis_py.Redis(port=redis.get_connection_kwargs()["port"], db=1) as own:
        for key in own.scan_iter("tickbird:{lease:*"):
            own.delete(key)


@contextmanager
def in_small_slices() -> Iterator[None]:
    """Without waiting for what takes its time only in order to go easy on Redis."""
    size = property(lambda _: SLICE, lambda _, __: None)
    with patch.object(Pace, "size", size), patch.object(keeping, "TICK", 0.02), patch.object(course, "PATIENCE", 0.3):
        yield


async def main() -> None:
    from tests.contract.interrupted_works import WORKS  # noqa: PLC0415 # which stands on this

    print("| work | writes | interrupted | not as it should be |")
    print("| --- | --- | --- | --- |")
    with in_small_slices(), EmbeddedServer.start() as server:
        for work in WORKS:
            wrong, writes = [], await steps(work, server)
            for at in range(1, writes + 1):
                for after in (False, True):
                    found = await interrupted(work, server, Mortal(at, after=after))
                    wrong += [f"{'after' if after else 'before'} {at}: {fault}" for fault in found]
            print(f"| {work.name} | {writes} | {2 * writes} × | {'; '.join(wrong) or 'nothing'} |", flush=True)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
