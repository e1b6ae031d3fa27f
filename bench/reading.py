"""One reading of 200 and of 1,000 queues: how long, how many commands, and how much of Redis' and our own time."""

from __future__ import annotations

import asyncio
import time

import redis

from bench.world import fill
from core.herd import Herd
from core.redis_settings import RedisSettings
from core.settings import Settings
from tickbird.demo.server import EmbeddedServer

SECONDS = 15.0


async def measure(server: EmbeddedServer, client: redis.Redis, queues: int) -> None:
    """Watch for a while, as with one open tab."""
    herd = Herd(Settings(redis=(RedisSettings("default", server.url),)))
    await herd.start()
    with herd.watching():
        await asyncio.sleep(4)
        assert len(herd.snapshot().queues) == queues, "not every queue was found"
        version, cpu, own, started = herd.snapshot().version, _cpu(client), time.process_time(), time.monotonic()
        await asyncio.sleep(SECONDS)
        lasted, reading = time.monotonic() - started, herd.snapshot().readings[0]
        print(
            f"{queues:>5} queues: {reading.seconds * 1000:.0f} ms a reading, "
            f"one every {lasted / max(1, herd.snapshot().version - version):.1f} s, "
            f"{reading.commands_per_minute:,.0f} commands/min, "
            f"Redis {100 * (_cpu(client) - cpu) / lasted:.2f} % of a core, "
            f"ours {100 * (time.process_time() - own) / lasted:.1f} %"
        )
    await herd.stop()


def _cpu(client: redis.Redis) -> float:
    said = client.info("cpu")
    return float(said["used_cpu_user"] + said["used_cpu_sys"])


def main() -> None:
    for queues in (200, 1000):
        with EmbeddedServer.start() as server, redis.Redis.from_url(server.url) as client:
            fill(server, queues)
            asyncio.run(measure(server, client, queues))


if __name__ == "__main__":
    main()
