"""What the benchmarks measure on: an embedded server full of made-up queues, and a Tickbird served on it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import redis

from tickbird.demo.server import EmbeddedServer

JOBS = 20


def fill(server: EmbeddedServer, queues: int) -> None:
    """BullMQ 6 queues with a few jobs in every state, as the library lays them out."""
    with redis.Redis.from_url(server.url) as client:
        pipe = client.pipeline(transaction=False)
        for number in range(queues):
            _queue(pipe, f"bull:queue-{number:04d}:", int(time.time() * 1000))
            if number % 100 == 99:
                pipe.execute()
        pipe.execute()


def _queue(pipe: redis.client.Pipeline, base: str, now: int) -> None:
    pipe.hset(base + "meta", mapping={"opts.maxLenEvents": "10000", "version": "bullmq:6.7.0"})
    pipe.set(base + "id", JOBS)
    pipe.xadd(base + "events", {"event": "added", "jobId": "1", "name": "send"})
    for job in range(1, JOBS + 1):
        pipe.hset(base + str(job), mapping=job_fields(now - job * 1000, '{"to":"ada@example.com","orderId":4411}'))
    pipe.lpush(base + "wait", *range(1, 6))
    pipe.zadd(base + "completed", {str(job): now - job * 1000 for job in range(6, 11)})
    pipe.zadd(base + "failed", {str(job): now - job * 1000 for job in range(11, 16)})
    pipe.zadd(base + "delayed", {str(job): (now + job * 100_000) * 4096 for job in range(16, 21)})
    pipe.zadd(base + "marker", {"0": 0})


def job_fields(timestamp: int, data: str) -> Mapping[Any, Any]:
    """A job that ran once and failed."""
    return {
        "name": "send",
        "data": data,
        "opts": json.dumps({"attempts": 3}),
        "timestamp": timestamp,
        "delay": 0,
        "priority": 0,
        "atm": 1,
        "ats": 1,
        "processedOn": timestamp + 20,
        "finishedOn": timestamp + 1220,
        "failedReason": "ECONNRESET 10.0.0.4:443",
    }


@contextmanager
def served(server: EmbeddedServer) -> Iterator[str]:
    """A `tickbird serve` on that server: the address of its pages. Ended by its process id."""
    with process_of(server.url) as (address, _):
        yield address


@contextmanager
def process_of(redis_url: str) -> Iterator[tuple[str, int]]:
    """A `tickbird serve` on the Redis there: the address of its pages, and its process id, by which it is ended."""
    command = [sys.executable, "-m", "tickbird", "serve", "--redis", redis_url, "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        address = next(line.strip() for line in process.stdout if line.strip().startswith("http://"))
        wait_until_ready(address)
        yield address, process.pid
    finally:
        process.terminate()
        process.wait(60)


def wait_until_ready(address: str) -> None:
    """Until the first walk has found queues and they were read; raises after a minute."""
    deadline = time.monotonic() + 60
    while not _found(address):
        assert time.monotonic() < deadline, "no queue was found within a minute"
        time.sleep(0.1)


def _found(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/api/queues", timeout=2) as response:
            return bool(json.load(response)["queues"])
    except OSError:
        return False
