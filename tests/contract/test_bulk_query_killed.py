"""The whole program, killed in the middle of work on a query and started again, while a worker fails jobs anew: those
that were meant are each retried once, and no others."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import redis as redis_py

from tests.contract.test_bulk_resumed_after_a_kill import BASE, Program, served, until
from tests.core import layout
from tickbird.demo.server import EmbeddedServer

JOBS, REASONS = 16_000, 4
RESET = "connect ECONNRESET 10.0.0.7:6379"
MEANT = [f"f{n}" for n in range(0, JOBS, REASONS)]


@pytest.fixture
def state_url(server: EmbeddedServer) -> str:
    return server.url.removesuffix("0") + "1"


def fail_mixed(redis: redis_py.Redis) -> None:
    layout.queue(redis, BASE)
    pipe = redis.pipeline(transaction=False)
    for n in range(JOBS):
        reason = RESET if n % REASONS == 0 else f"no such table {n % 40}"
        fields: Any = {"name": "deliver", "data": "{}", "failedReason": reason, "priority": n % 8, "timestamp": 1_000}
        pipe.hset(BASE + b"f%d" % n, mapping=fields)
    pipe.zadd(BASE + b"failed", {f"f{n}": 1_000_000 + n // 3 for n in range(JOBS)})
    pipe.execute()


@contextmanager
def failing_again(server: EmbeddedServer) -> Iterator[Counter[str]]:
    """A worker that takes each job that is ready, and has it fail again for the same reason: how often it took each."""
    taken: Counter[str] = Counter()
    over = threading.Event()

    def take(client: Any) -> bytes | None:
        if (id := client.rpop(BASE + b"wait")) is not None:
            return bytes(id)
        first = client.zpopmin(BASE + b"prioritized")
        return bytes(first[0][0]) if first else None

    def work() -> None:
        with redis_py.Redis.from_url(server.url) as client:
            while (id := take(client)) is not None or not over.is_set():
                if id is None:
                    over.wait(0.001)
                    continue
                now = time.time_ns() // 1_000_000
                client.hset(BASE + id, mapping={"failedReason": RESET, "processedOn": now, "finishedOn": now})
                client.zadd(BASE + b"failed", {id: now})
                taken[id.decode()] += 1

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield taken
    finally:
        over.set()
        thread.join(30)
        assert not thread.is_alive()


def previewed(program: Program) -> dict[str, Any]:
    def queues() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = program.ask("queues")["queues"]
        return [queue for queue in found if queue["counts"].get("failed") == JOBS]

    (mail,) = until(queues)
    body = {
        **{"action": "retry", "queues": [mail["href"]], "q": "reason:ECONNRESET", "dry_run": True},
        **{"options": {"rate": 2_500}, "reason": "Redis is back"},
    }
    return dict(program.ask("operations", body))


def test_those_that_were_meant_are_each_retried_once_though_it_is_killed_twice(
    server: EmbeddedServer, redis: redis_py.Redis, state_url: str, tmp_path: Path
) -> None:
    fail_mixed(redis)
    with failing_again(server) as taken:
        with served(server.url, state_url, tmp_path) as program:
            seen = previewed(program)
            program.ask(f"operations/{seen['id']}/resume", {"scope": seen["scope"], "reason": "begin"})
            until(lambda: len(taken) > 800)
            program.kill()
        with served(server.url, state_url, tmp_path) as program:
            until(lambda: program.operation()["status"] == "paused")
            program.ask(f"operations/{seen['id']}/resume", {"reason": "it was killed"})
            until(lambda: len(taken) > 2_200)
            program.kill()
        assert len(taken) < len(MEANT)
        with served(server.url, state_url, tmp_path) as program:
            until(lambda: program.operation()["status"] == "paused")
            program.ask(f"operations/{seen['id']}/resume", {"reason": "once more"})
            until(lambda: program.operation()["status"] in ("done", "stopped", "failed"), 60)
            done = program.ask(f"operations/{seen['id']}")
        assert (done["status"], done["trouble"]) == ("done", "")
        until(lambda: len(taken) == len(MEANT))

    assert taken == Counter(MEANT)
    assert (done["status"], done["trouble"]) == ("done", "")
    assert (done["done"], done["skipped"], done["q"]) == (len(MEANT), {}, "reason:ECONNRESET")
    assert done["unconfirmed"] <= 2 * done["largest_slice"]
    assert [told["reason"] for told in done["told"]] == ["begin", "it was killed", "once more"]
    assert redis.zcard(BASE + b"failed") == JOBS
