"""Faults in the middle of bulk work: what pages answer meanwhile, when all is well again, and what became of the jobs.

`python -m tests.system.chaos` prints the table that docs/faults.md has.
"""

from __future__ import annotations

import json
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import redis as redis_py

from core.redis_settings import RedisSettings
from core.settings import Settings
from tests.core import layout
from tests.system.conftest import Dashboard, until
from tests.system.faults import FAULTS, Fault, Place
from tests.system.lane import lane
from tickbird.demo.server import EmbeddedServer

JOBS = 4000
# A page waits for Redis for less than a second; the rest is for a machine that does other things as well.
ANSWERED_WITHIN = 5.0
RECOVERED_WITHIN = 15.0
PATHS = ("", "/queues/default/bull/mail?state=failed", "/api/queues", "/operations", "/errors")


@dataclass
class Endured:
    """What came of one fault: answers of pages by their status, the slowest of them, seconds until all was well, and
    jobs that are nowhere or in two places."""

    statuses: Counter[int] = field(default_factory=Counter)
    slowest: float = 0.0
    recovered: float = 0.0
    lost: int = 0
    doubled: int = 0
    status: str = ""


def endure(fault: Fault) -> Endured:
    """Retry all failed jobs, let the fault happen in the middle of it, and see what comes of everything."""
    found = Endured()
    with EmbeddedServer.start() as server, _client(server) as redis, lane(server.port) as way:
        ids = _laid_out(redis)
        url = f"redis://127.0.0.1:{way.port}/0"
        dashboard = Dashboard(Settings(redis=(RedisSettings("default", url, ("*",)),)))
        dashboard.start()
        try:
            until(lambda: _queues(dashboard.url))
            operation = _begun(dashboard.url)
            until(lambda: redis.zcard("bull:mail:failed") < JOBS)
            with _looking(dashboard.url, found):
                fault(Place(server, redis, way))
                over = time.monotonic()
                found.status = _finished(dashboard.url, operation)
            found.recovered = time.monotonic() - over
        finally:
            dashboard.stop()
        _account(redis, ids, found)
    return found


def _client(server: EmbeddedServer) -> Any:
    return redis_py.Redis(port=server.port, socket_timeout=30)


def _laid_out(redis: Any) -> list[str]:
    base, ids = layout.queue(redis), [str(number) for number in range(JOBS)]
    pipeline = redis.pipeline(transaction=False)
    for at, id in enumerate(ids):
        fields = {"name": "send", "data": "{}", "opts": '{"attempts":1}', "timestamp": 1, "atm": 1, "failedReason": "x"}
        pipeline.hset(base + id.encode(), mapping=fields)
        pipeline.zadd(base + b"failed", {id: 1_700_000_000_000 + at})
    pipeline.execute()
    return ids


def _begun(base: str) -> str:
    body = {"action": "retry", "queues": "all", "state": "failed", "reason": "chaos"}
    request = urllib.request.Request(f"{base}/api/operations", json.dumps(body).encode(), method="POST")
    request.add_header("content-type", "application/json")
    request.add_header("sec-fetch-site", "same-origin")
    with urllib.request.urlopen(request, timeout=10) as answer:
        return str(json.load(answer)["href"])


def _finished(base: str, href: str) -> str:
    """How the operation ended; one that waits for somebody to say so is told to go on."""
    deadline = time.monotonic() + RECOVERED_WITHIN + 30
    while time.monotonic() < deadline:
        status = _read(base, href).get("status", "")
        if status in ("done", "cancelled", "failed"):
            return str(status)
        if status in ("paused", "stopped"):
            _resume(base, href)
        time.sleep(0.1)
    return "never ended"


def _resume(base: str, href: str) -> None:
    request = urllib.request.Request(_absolute(base, href) + "/resume", b"", method="POST")
    request.add_header("sec-fetch-site", "same-origin")
    with urllib.request.urlopen(request, timeout=10):
        pass


def _read(base: str, href: str) -> dict[str, Any]:
    try:
        with urllib.request.urlopen(_absolute(base, href), timeout=10) as answer:
            found: dict[str, Any] = json.load(answer)
            return found
    except urllib.error.HTTPError as refusal:
        refusal.close()
        return {}


def _absolute(base: str, href: str) -> str:
    return base.split("/admin", maxsplit=1)[0] + href


def _queues(base: str) -> list[Any]:
    found: list[Any] = _read(base, "/admin/queues/api/queues").get("queues", [])
    return found


@contextmanager
def _looking(base: str, found: Endured) -> Iterator[None]:
    """Somebody goes from page to page all the while."""
    over = threading.Event()

    def look() -> None:
        while not over.is_set():
            for path in PATHS:
                _one(base + path, found)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(30)


def _one(url: str, found: Endured) -> None:
    started = time.monotonic()
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            answer.read()
            found.statuses[answer.status] += 1
    except urllib.error.HTTPError as refusal:
        refusal.close()
        found.statuses[refusal.code] += 1
    except OSError:
        found.statuses[0] += 1
    found.slowest = max(found.slowest, time.monotonic() - started)


def _account(redis: Any, ids: list[str], found: Endured) -> None:
    waiting = [id.decode() for id in redis.lrange("bull:mail:wait", 0, -1)]
    failed = [id.decode() for id in redis.zrange("bull:mail:failed", 0, -1)]
    where = Counter(waiting + failed)
    found.lost = sum(where[id] == 0 for id in ids)
    found.doubled = sum(number > 1 for number in where.values())


def row(fault: Fault, found: Endured) -> str:
    """A row of the table."""
    about = (fault.__doc__ or "").strip()
    answers = ", ".join(f"{number} × {status}" for status, number in sorted(found.statuses.items()))
    figures = f"{answers} | {found.slowest:.1f} s | {found.recovered:.1f} s | {found.lost} | {found.doubled}"
    return f"| {fault.__name__.replace('_', ' ')} | {about} | {figures} |"


def main() -> None:
    print("| fault | what happens | pages answered | slowest | operation done after | lost | doubled |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for fault in FAULTS:
        print(row(fault, endure(fault)), flush=True)


if __name__ == "__main__":
    main()
