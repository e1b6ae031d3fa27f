"""Faults in the middle of a live load and of bulk work: what pages answer meanwhile, when all is well again, what
became of the jobs, and how much was said of it.

`python -m tests.system.chaos [fault …]` prints the table that docs/faults.md has.
"""

from __future__ import annotations

import json
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any

import redis as redis_py

from tests.system.faults import FAULTS, Fault, Place
from tests.system.lane import lane
from tests.system.load import ALIASES, FAILED, load
from tests.system.program import Ended, Program, program, until
from tickbird.demo.server import EmbeddedServer

# A page waits for Redis for less than a second, and all is well within fifteen; the rest is for a machine that does
# other things as well.
ANSWERED_WITHIN = 15.0
RECOVERED_WITHIN = 45.0
# Slow enough to be in the middle of it while something happens.
RATE = 300
PATHS = ("", "/queues/default/bull/mail?state=failed", "/api/queues", "/operations", "/errors")
# What it counts is a key of the queue: it begins anew with the queue.
THEIRS = "bullmq_job_ids_total"
OVER = ("done", "cancelled", "failed")


@dataclass
class Endured:
    """What came of one fault: answers of pages by their status, the slowest of them, seconds until all was well, jobs
    that are nowhere or were made to be twice, counters of /metrics that went down, the lines of the log, and how the
    program ended when it was told to."""

    statuses: Counter[int] = field(default_factory=Counter)
    slowest: float = 0.0
    recovered: float = 0.0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    status: str = ""
    fallen: list[str] = field(default_factory=list)
    lines: list[dict[str, Any]] = field(default_factory=list)
    ended: Ended | None = None

    @property
    def warnings(self) -> list[str]:
        """What the log says of trouble, and of its end; the audit log tells what people did."""
        return [f"{line['logger']}: {line['message']}" for line in self.lines if line["level"] != "info"]

    @property
    def answered(self) -> bool:
        """A page that cannot show its queue says so with a status of its own; none breaks, and none hangs."""
        return set(self.statuses) <= {200, 404, 503} and self.slowest <= ANSWERED_WITHIN


def endure(fault: Fault) -> Endured:
    """Retry all failed jobs, let the fault happen in the middle of it, and see what comes of everything."""
    found = Endured()
    with tempfile.TemporaryDirectory() as name, _server(fault, Path(name)) as server, _client(server) as redis:
        folder, clock = Path(name) / "tickbird", Path(name) / "clock"
        clock.write_text("0")
        with load(server.port, redis) as running, lane(server.port) as way:
            options = ("--redis", f"redis://127.0.0.1:{way.port}/0")
            said = {"CLOCK": str(clock), "TICKBIRD_LOG_FORMAT": "json"}
            with program(folder, *options, module="tests.system.clocked", **said) as tickbird:
                _disturb(fault, tickbird, Place(server, redis, way, clock, running), found)
                found.ended = tickbird.end()
                found.lines = [json.loads(line) for line in tickbird.lines()]
            if fault.jobs:
                running.come_to_rest()
                found.lost = running.lost(as_told=fault.keeps)
                found.doubled = running.doubled(as_told=fault.keeps)
    return found


def _disturb(fault: Fault, tickbird: Program, place: Place, found: Endured) -> None:
    until(lambda: len(tickbird.read("queues").get("queues", ())) == len(ALIASES))
    operation = _begun(tickbird)
    until(lambda: place.redis.zcard("bull:mail:failed") < FAILED)
    counted = _counters(tickbird)
    with _looking(tickbird.url, found):
        fault.happen(place)
        over, then = time.monotonic(), _handled(tickbird.read(operation))
        until(lambda: _is_well(tickbird, operation, then))
        found.recovered = time.monotonic() - over
        found.status = _finished(tickbird, operation)
    now = _counters(tickbird)
    found.fallen = [name for name, value in counted.items() if now.get(name, value) < value]


def _handled(seen: dict[str, Any]) -> int:
    """How many jobs an operation is done with, whatever became of them."""
    return int(sum(seen.get("skipped", {}).values(), seen.get("done", 0)))


def _counters(tickbird: Program) -> dict[str, float]:
    _, said = tickbird.text("/metrics")
    lines = (line.rpartition(" ") for line in said.splitlines() if "_total{" in line and not line.startswith(THEIRS))
    return {name: float(value) for name, _, value in lines}


def _is_well(tickbird: Program, operation: str, then: int) -> bool:
    """Redis is read again, and the operation goes on or is at its end."""
    seen = tickbird.read(operation)
    goes_on = seen.get("status") in (*OVER, "stopped") or _handled(seen) > then
    return goes_on and tickbird.text("/readyz")[0] == HTTPStatus.OK


@contextmanager
def _server(fault: Fault, folder: Path) -> Iterator[EmbeddedServer]:
    data = folder / "data"
    data.mkdir()
    with EmbeddedServer.start(None, "--dir", str(data), *fault.server) as server:
        yield server


def _client(server: EmbeddedServer) -> Any:
    return redis_py.Redis(port=server.port, socket_timeout=60)


def _begun(tickbird: Program) -> str:
    options = {"rate": RATE}
    body = {"action": "retry", "queues": "all", "state": "failed", "reason": "chaos", "options": options}
    return str(tickbird.ask("operations", body)["href"])


def _finished(tickbird: Program, href: str) -> str:
    """How the operation ended; one that waits for somebody to say so is told to go on."""
    deadline = time.monotonic() + 2 * RECOVERED_WITHIN
    while time.monotonic() < deadline:
        status = tickbird.read(href).get("status", "")
        if status in OVER:
            return str(status)
        if status in ("paused", "stopped"):
            tickbird.ask(f"{href}/resume", {})
        time.sleep(0.1)
    return "never ended"


@contextmanager
def _looking(base: str, found: Endured) -> Iterator[None]:
    """Somebody goes from page to page all the while."""
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.02):
            for path in PATHS:
                _one(base + path, found)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(60)


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


HEAD = "| fault | what happens | pages answered | slowest | all well after | lost | doubled | log lines | ends in |"


def row(fault: Fault, found: Endured) -> str:
    """A row of the table."""
    answers = ", ".join(f"{number} × {status}" for status, number in sorted(found.statuses.items()))
    jobs = f"{len(found.lost)} | {len(found.doubled)}" if fault.jobs else "– | –"
    ended = f"{found.ended.seconds:.1f} s" if found.ended else "–"
    figures = f"{answers} | {found.slowest:.1f} s | {found.recovered:.1f} s | {jobs} | {len(found.warnings)} | {ended}"
    return f"| {fault.name} | {fault.about} | {figures} |"


def main(wanted: list[str]) -> None:
    print(HEAD, "|" + " --- |" * HEAD.count(" | ") + " --- |", sep="\n")
    for fault in FAULTS:
        if not wanted or fault.happen.__name__ in wanted:
            found = endure(fault)
            print(row(fault, found), flush=True)
            for line in (*found.lost, *found.doubled, *found.fallen, *found.warnings, found.status):
                print("   ", line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
