"""A scrape of ours beside BullMQ's own exportPrometheusMetrics, on the same queues of the same server."""

from __future__ import annotations

import statistics
import subprocess
import time
from pathlib import Path

import redis

from bench.exporting import exporting
from bench.world import fill
from tickbird.demo.server import EmbeddedServer

ROUNDS = 11
# Scraped so seldom that each scrape finds a new reading, and has to be rendered.
OUR_ROUNDS, BETWEEN = 5, 6.0
SCRIPT = Path(__file__).with_name("export_bullmq.mjs")


def beside_bullmq(queues: int) -> None:
    """Prints what a scrape takes either way, and what it takes of Redis."""
    with EmbeddedServer.start() as server, redis.Redis.from_url(server.url) as client:
        fill(server, queues)
        ours, our_share, size = _ours(server, client, queues)
        theirs, their_share, their_size = _theirs(server, client, queues)
    print(f"A scrape of {queues} queues of a real server, its readings of Redis in between included")
    for name, spent, share, length in (
        ("tickbird exporter, GET /metrics", ours, our_share, size),
        ("BullMQ 6, exportPrometheusMetrics", theirs, their_share, their_size),
    ):
        print(f"  {name:38}{spent:8.1f} ms  {share:7.1f} ms of Redis  {length / 1e6:4.1f} MB")
    print(f"  theirs takes {theirs / ours:.1f} times as long")


def _ours(server: EmbeddedServer, client: redis.Redis, queues: int) -> tuple[float, float, int]:
    with exporting(server) as exporter:
        deadline = time.monotonic() + 60
        while exporter.get().count(b"bullmq_queue_paused{") < queues:
            assert time.monotonic() < deadline, "the exporter did not find all queues"
            time.sleep(0.5)
        spent, before, size = [], _cpu(client), 0
        for _ in range(OUR_ROUNDS):
            time.sleep(BETWEEN)
            started = time.perf_counter()
            size = len(exporter.get())
            spent.append((time.perf_counter() - started) * 1000)
        return statistics.median(spent), (_cpu(client) - before) / OUR_ROUNDS, size


def _theirs(server: EmbeddedServer, client: redis.Redis, queues: int) -> tuple[float, float, int]:
    command = ["node", str(SCRIPT), str(server.port), str(queues), str(ROUNDS)]
    before = _cpu(client)
    said = subprocess.run(command, capture_output=True, text=True, timeout=600, check=True).stdout
    spent = [float(line.split()[0]) for line in said.splitlines()]
    return statistics.median(spent), (_cpu(client) - before) / ROUNDS, int(said.split()[-1])


def _cpu(client: redis.Redis) -> float:
    """Milliseconds of processor that Redis has used."""
    said = client.info("cpu")
    return 1000 * (float(said["used_cpu_user"]) + float(said["used_cpu_sys"]))
