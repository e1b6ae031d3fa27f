"""What following 2,000 events a second over 200 streams costs: Redis, and the exporter, each as a share of a core.

    python -m bench.events

The events are written by hand at that rate, four for each job, as workers would cause them. The share of Redis is what
it uses beyond writing them, measured by letting the same go on without anybody who follows; that of the exporter is
all it does, its readings of the queues and a scrape every five seconds included.
"""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import redis

from bench.exporting import Exporter, exporting
from bench.world import fill
from tickbird.demo.server import EmbeddedServer

STREAMS = 200
EVENTS_A_SECOND = 2000
SECONDS = 30.0
SETTLE = 5.0
SCRAPE_EVERY = 5.0
# Jobs written at once: forty times a second.
SLICE = 0.025
RESULT = '{"sent":true,"to":"ada@example.com"}'
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(slots=True)
class Spent:
    """Seconds of processor, since the last look."""

    redis: float
    commands: dict[str, float]
    follower: float
    seconds: float


class Writers:
    """Writes the events of jobs at a steady rate, round and round the queues, until stopped."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._write)
        self.written = 0

    def __enter__(self) -> Writers:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _write(self) -> None:
        with redis.Redis.from_url(self._url) as client:
            started = time.monotonic()
            while not self._stop.wait(SLICE):
                due = int((time.monotonic() - started) * EVENTS_A_SECOND)
                pipe = client.pipeline(transaction=False)
                while self.written < due:
                    _job(pipe, self.written // 4)
                    self.written += 4
                pipe.execute()


def _job(pipe: redis.client.Pipeline, number: int) -> None:
    key, job = f"bull:queue-{number % STREAMS:04d}:events", f"e{number}"
    for fields in (
        {"event": "added", "jobId": job, "name": "send"},
        {"event": "waiting", "jobId": job},
        {"event": "active", "jobId": job, "prev": "waiting"},
        {"event": "completed", "jobId": job, "returnvalue": RESULT, "prev": "active"},
    ):
        pipe.xadd(key, fields, maxlen=10_000)  # type: ignore[arg-type] # redis-py's own notion of a mapping


def main() -> None:
    with EmbeddedServer.start() as server, redis.Redis.from_url(server.url) as client:
        fill(server, STREAMS)
        with Writers(server.url) as writers:
            time.sleep(1)
            alone = _during(client, None)
            with exporting(server) as exporter:
                _wait_until_followed(exporter)
                time.sleep(SETTLE)
                before = writers.written
                followed = _during(client, exporter)
                rate = (writers.written - before) / followed.seconds
        _print(alone, followed, rate)


def _during(client: redis.Redis, exporter: Exporter | None) -> Spent:
    """What is spent in the next while, with a scrape now and then."""
    first, started, scraped = _look(client, exporter), time.monotonic(), 0.0
    while (elapsed := time.monotonic() - started) < SECONDS:
        if exporter and elapsed >= scraped:
            scraped += SCRAPE_EVERY
            exporter.get()
        time.sleep(0.05)
    last = _look(client, exporter)
    commands = {name: last.commands[name] - first.commands.get(name, 0.0) for name in last.commands}
    return Spent(last.redis - first.redis, commands, last.follower - first.follower, time.monotonic() - started)


def _look(client: redis.Redis, exporter: Exporter | None) -> Spent:
    cpu, stats = client.info("cpu"), client.info("commandstats")
    commands = {name.removeprefix("cmdstat_"): stat["usec"] / 1e6 for name, stat in stats.items()}
    return Spent(
        float(cpu["used_cpu_user"]) + float(cpu["used_cpu_sys"]),
        commands,
        _processor(exporter.pid) if exporter else 0,
        0,
    )


def _processor(pid: int) -> float:
    """Seconds of processor that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _wait_until_followed(exporter: Exporter) -> None:
    deadline = time.monotonic() + 60
    while exporter.get().count(b"bullmq_jobs_finished_total{") < 2 * STREAMS:
        assert time.monotonic() < deadline, "the exporter did not find all queues"
        time.sleep(0.5)


def _print(alone: Spent, followed: Spent, rate: float) -> None:
    print(f"{STREAMS} streams, {rate:,.0f} events a second, {SECONDS:.0f} s; shares of one core")
    reading = sum(spent for name, spent in followed.commands.items() if name in ("xread", "xinfo|stream", "hmget"))
    print(
        f"  Redis, in XREAD and what belongs to it {100 * followed.commands.get('xread', 0) / followed.seconds:6.2f} %"
    )
    print(f"  Redis, with what is asked of jobs      {100 * reading / followed.seconds:6.2f} %")
    more = followed.redis / followed.seconds - alone.redis / alone.seconds
    print(f"  Redis, more than without the exporter  {100 * more:6.2f} %  (its readings of all queues included)")
    print(f"  the exporter                           {100 * followed.follower / followed.seconds:6.2f} %")


if __name__ == "__main__":
    main()
