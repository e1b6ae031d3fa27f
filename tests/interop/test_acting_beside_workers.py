"""Producers and workers of the real library run while we pause, resume, retry, promote and remove at random.
Afterwards every job that was ever added is accounted for, and has run as often as it should, no more."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest

from core.errors import Conflict, NotFound
from core.instance import Instance
from tests.interop.node_driver import Library, NodeDriver, NodeQueue
from tests.interop.ours import ACTED_ON, UNVERSIONED, Ours, named

LENGTHS = [2.5, pytest.param(40.0, marks=pytest.mark.full)]
BURST = 12
BACKLOG = 400
LISTS = ("wait", "paused", "active")
UNFINISHED = (*LISTS, "prioritized", "delayed")
STATES = (*UNFINISHED, "completed", "failed")
FITTING = {"retry": ["failed", "failed", "completed"], "promote": ["delayed"], "remove": ["failed", "wait", "active"]}


@dataclass
class Account:
    """What we know of every job: how often it was retried by us, and whether we removed it."""

    added: list[str] = field(default_factory=list)
    retries: Counter[str] = field(default_factory=Counter)
    removed: set[str] = field(default_factory=set)
    acts: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)


def burst(draw: random.Random) -> list[dict[str, Any]]:
    return [{"name": "deliver", "data": {"script": script(draw)}, "opts": options(draw)} for _ in range(BURST)]


def script(draw: random.Random) -> dict[str, Any]:
    fails = {"failTimes": 1} if draw.random() < 0.4 else {}
    return {"sleep": draw.randint(0, 12), **fails}


def options(draw: random.Random) -> dict[str, Any]:
    chosen: dict[str, Any] = {}
    if draw.random() < 0.3:
        chosen["priority"] = draw.randint(1, 5)
    if draw.random() < 0.2:
        chosen["delay"] = draw.randint(1, 4000)
    if draw.random() < 0.2:
        chosen["lifo"] = True
    return chosen


async def act(ours: Ours, account: Account, draw: random.Random, redis: Any) -> None:
    verb = draw.choice(["retry", "retry", "promote", "promote", "remove", "pause", "resume", "resume"])
    if verb in ("pause", "resume"):
        await getattr(ours, verb)()
        account.acts[verb] += 1
        return
    job_id = some_job(draw, redis, ours.base, verb)
    if not job_id:
        return
    try:
        await getattr(ours, verb)(job_id)
    except (Conflict, NotFound) as refusal:
        account.refused[f"{verb}: {refusal.code}"] += 1
        return
    account.acts[verb] += 1
    if verb == "retry":
        account.retries[job_id] += 1
    elif verb == "remove":
        account.removed.add(job_id)


def some_job(draw: random.Random, redis: Any, base: str, verb: str) -> str:
    """One that was in a fitting state a moment ago."""
    candidates = held(redis, base, draw.choice(FITTING[verb]))
    return draw.choice(candidates) if candidates else ""


async def live(ours: Ours, producers: list[NodeQueue], redis: Any, draw: random.Random, *, seconds: float) -> Account:
    account = Account()
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if len(held(redis, ours.base, "wait")) + len(held(redis, ours.base, "paused")) < BACKLOG:
            added = await asyncio.to_thread(draw.choice(producers).add_bulk, burst(draw))
            account.added += [str(job["id"]) for job in added]
        for _ in range(10):
            await act(ours, account, draw, redis)
    return account


async def settle(ours: Ours, redis: Any) -> None:
    """Nothing is left to do: every delayed job is promoted, every ready one has run."""
    await ours.resume()
    for job_id in redis.zrange(f"{ours.base}delayed", 0, -1):
        # A worker may take it at the same moment, as its time has come.
        try:
            await ours.promote(job_id.decode())
        except Conflict:
            continue
    deadline = time.monotonic() + 20
    while any(held(redis, ours.base, state) for state in UNFINISHED):
        assert time.monotonic() < deadline, {state: held(redis, ours.base, state) for state in STATES}
        await asyncio.sleep(0.02)


def held(redis: Any, base: str, state: str) -> list[str]:
    members = redis.lrange(base + state, 0, -1) if state in LISTS else redis.zrange(base + state, 0, -1)
    return [member.decode() for member in members]


def check(account: Account, redis: Any, base: str, truth: list[dict[str, Any]]) -> None:
    where = Counter(job_id for state in STATES for job_id in held(redis, base, state))
    runs = Counter(run["jobId"] for run in truth)
    kept = [job_id for job_id in account.added if job_id not in account.removed]
    left_over = {key.decode().removeprefix(base).split(":")[0] for key in redis.scan_iter(f"{base}*")}
    assert [job_id for job_id in kept if where[job_id] != 1] == [], "lost, or in two states"
    assert [job_id for job_id in account.removed if where[job_id]] == [], "removed and still there"
    assert [job_id for job_id in where if job_id not in account.added] == [], "nobody added these"
    assert [job_id for job_id in kept if runs[job_id] != 1 + account.retries[job_id]] == [], "run too often or rarely"
    assert account.removed & left_over == set(), "removed, and keys of it left over"
    assert [run for run in truth if run["outcome"] not in ("completed", "failed")] == []


@pytest.mark.parametrize("seconds", LENGTHS)
@pytest.mark.parametrize("library", ACTED_ON, ids=named)
async def test_no_job_is_lost_or_doubled_beside_live_workers(
    node: NodeDriver, redis: Any, instance: Instance, library: Library, seconds: float
) -> None:
    queue = node.library(library.alias).queue("mail")
    queue.open()
    ours = Ours(instance, queue)
    with queue.worker(concurrency=4), queue.worker(concurrency=2):
        account = await live(ours, [queue], redis, random.Random(library.alias), seconds=seconds)
        await settle(ours, redis)
    check(account, redis, ours.base, queue.truth())
    assert all(account.acts[verb] for verb in ("retry", "promote", "remove", "pause", "resume")), account.acts


@pytest.mark.parametrize("seconds", LENGTHS)
@pytest.mark.parametrize("version", ["5.81.5", "6.7.0", UNVERSIONED])
async def test_no_job_is_lost_or_doubled_where_5_and_6_work_on_one_queue(
    node: NodeDriver, redis: Any, instance: Instance, version: str, seconds: float
) -> None:
    """Whichever of them the queue claims to be: producers of 6 fill wait while those of 5 fill paused."""
    queues = [node.library(alias).queue("mail") for alias in ("bullmq5", "bullmq6")]
    for queue in queues:
        queue.open()
    ours = Ours(instance, queues[0], version)
    with ExitStack() as running:
        for queue in queues:
            running.enter_context(queue.worker(concurrency=3))
        account = await live(ours, queues, redis, random.Random(version), seconds=seconds)
        await settle(ours, redis)
    check(account, redis, ours.base, [run for queue in queues for run in queue.truth()])
