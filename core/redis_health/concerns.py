"""What is, or will be, wrong with a Redis that holds queues: in sentences with what to do. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from core.model import QueueId, State
from core.redis_health.holdings import Holdings
from core.redis_health.server import Server
from core.redis_health.trend import Slope, Trend
from core.words import count, span

SAFE_POLICY = "noeviction"
# Of its limit; above this there is no time left to look for what fills it.
NEARLY_FULL = 0.9
DAY = 86_400_000
# A set of finished jobs that is worth a word, and an event stream that is longer than it was told to be.
LARGE = 10_000
TOO_LONG = 2


@dataclass(frozen=True, slots=True)
class Concern:
    """One thing that a person should know."""

    kind: Literal["bad", "warn"]
    sentence: str


@dataclass(frozen=True, slots=True)
class Untrimmed:
    """A set of finished jobs that nobody trims. `oldest` is an instant, `grown` jobs in `window` milliseconds."""

    queue: QueueId
    state: State
    count: int
    oldest: int | None
    grown: int
    window: int


def concerns(servers: Iterable[Server], full_in: int | None, now: int) -> tuple[Concern, ...]:
    """Worst first."""
    found = [concern for server in servers for concern in _of_server(server, now)]
    if full_in is not None and full_in < DAY:
        found.append(Concern("bad", f"At the present slope its memory is full in {span(full_in)}."))
    return tuple(sorted(dict.fromkeys(found), key=lambda concern: concern.kind))


def full_in(servers: Iterable[Server], slope: Slope) -> int | None:
    """Until the limits of all are reached, in milliseconds; None where there is no limit, or memory does not grow."""
    left = [s.memory_max - s.memory_used for s in servers if s.memory_max and s.memory_used is not None]
    if not left or not slope.per_minute or slope.per_minute <= 0:
        return None
    return int(max(0, sum(left)) / slope.per_minute * 60_000)


def untrimmed(holdings: Holdings, trend: Trend) -> tuple[Untrimmed, ...]:
    """Large sets of finished jobs, of which no job looked at asks for removal, and which were not seen to shrink."""
    found = []
    for holding in holdings.held:
        for finished in holding.finished:
            grown, window, shrank = trend.growth(holding.queue, finished.state)
            # A worker may trim by an option of its own, which no job shows: then the set stays as large as it is.
            stays = window > 0 and grown <= 0
            if finished.count >= LARGE and finished.trims is False and not shrank and not stays:
                each = Untrimmed(holding.queue, finished.state, finished.count, finished.oldest, grown, window)
                found.append(each)
    return tuple(sorted(found, key=lambda one: -one.count))


def _of_server(server: Server, now: int) -> Iterator[Concern]:
    where = f"{server.address}: " if server.address else ""
    for kind, sentence in (*_memory(server), *_safety(server, now), *_people(server)):
        yield Concern(kind, where + sentence)


def _memory(server: Server) -> Iterator[tuple[Literal["bad", "warn"], str]]:
    if server.evicted and server.policy != SAFE_POLICY:
        yield (
            "bad",
            f"It has evicted {count(server.evicted)} keys: jobs may be gone. Set maxmemory-policy {SAFE_POLICY}.",
        )
    elif server.policy not in (None, SAFE_POLICY):
        limit = "once memory is full" if server.memory_max else "once a memory limit is set and reached"
        yield (
            "warn",
            f"It evicts keys {limit} ({server.policy[:40]}): jobs can vanish. Set maxmemory-policy {SAFE_POLICY}.",
        )
    used, most = server.memory_used, server.memory_max
    if used is not None and most and used >= NEARLY_FULL * most:
        yield "bad", f"{100 * used // most} % of its memory limit is used."


def _safety(server: Server, now: int) -> Iterator[tuple[Literal["bad", "warn"], str]]:
    kept = server.persistence
    if kept.loading:
        yield "bad", "It is loading its data, and answers nobody until that is done."
    if kept.save_failed:
        yield "bad", "Its last snapshot to disk (RDB) has failed; by default it then refuses writes."
    if kept.aof and kept.aof_failed:
        yield "bad", "Its append-only file cannot be written."
    if not kept.aof and kept.saved_at and (kept.changes or 0) > 0 and now - kept.saved_at > DAY:
        since = f"{count(kept.changes or 0)} changes since the last one {span(now - kept.saved_at)} ago"
        yield "warn", f"No append-only file, and no snapshot for long: {since} are lost if it stops."
    if server.role == "slave":
        yield "warn", "It is a replica: what is read here may be late, and nothing can be written."
        if server.link and server.link != "up":
            yield "bad", "Its link to its master is down."
    for replica in server.replicas:
        if replica.state != "online":
            yield "warn", f"Its replica {replica.address} is {replica.state}."


def _people(server: Server) -> Iterator[tuple[Literal["bad", "warn"], str]]:
    if server.clients and server.clients_max and server.clients >= NEARLY_FULL * server.clients_max:
        yield "bad", f"{count(server.clients)} of {count(server.clients_max)} possible connections are in use."
    if server.rejected:
        yield "warn", f"It has turned away {count(server.rejected)} connections since it started."
