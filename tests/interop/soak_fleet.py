"""A fleet: producers and workers of one library, or of two, on one queue, beside which we act at random."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import redis as redis_py

from core.errors import Conflict, NotFound, Unsupported
from core.instance import Instance
from core.redis_settings import RedisSettings
from tests.interop.node_driver import LIBRARIES, NodeDriver, NodeQueue
from tests.interop.ours import UNVERSIONED, Ours
from tests.interop.soak_account import UNFINISHED, Account, held, settle_up
from tests.interop.soak_acts import Scene, act, natural_runs
from tests.interop.soak_agreement import disagreement

BURST = 6
BACKLOG = 200
# After the last act: how long the workers may take to end what is left (seconds).
PATIENCE = 120.0


@dataclass(frozen=True)
class Fleet:
    """`version`: what the queue claims to be, where two libraries share it."""

    aliases: tuple[str, ...]
    version: str = ""

    def __str__(self) -> str:
        together = "+".join(self.aliases)
        return f"{together} as {self.version}" if self.version else together


ALONE = tuple(Fleet((library.alias,)) for library in LIBRARIES)
MIXED = tuple(Fleet(("bullmq5", "bullmq6"), version) for version in ("5.81.5", "6.7.0", UNVERSIONED))


@dataclass(frozen=True)
class Soak:
    """What came of one fleet."""

    fleet: Fleet
    account: Account
    seconds: float


@dataclass(frozen=True)
class Pace:
    """How long, and the rest between rounds of `acts` acts (seconds)."""

    seconds: float
    acts: int = 5
    rest: float = 0.0


async def soak(fleet: Fleet, port: int, pace: Pace, accounts: dict[bytes, Account]) -> Soak:
    """Work beside it for so long, then let it come to rest, and settle up. `accounts` are those that are kept."""
    began, account = time.monotonic(), Account()
    with _queues(fleet, port) as (queues, redis):
        instance = Instance(RedisSettings("default", f"redis://127.0.0.1:{port}/0", ("*",)))
        ours = Ours(instance, queues[0], fleet.version)
        accounts[ours.queue.id.base] = account
        scene = Scene(ours, redis, random.Random(str(fleet)), account)
        try:
            with await asyncio.to_thread(_workers, queues):
                await _live(scene, queues, pace)
                await _come_to_rest(scene)
            truth = [run for queue in queues for run in await asyncio.to_thread(queue.truth)]
            settle_up(account, redis, ours.base, truth)
        finally:
            await instance.close()
    return Soak(fleet, account, time.monotonic() - began)


@contextmanager
def _queues(fleet: Fleet, port: int) -> Iterator[tuple[list[NodeQueue], Any]]:
    name = f"mail-{str(fleet).replace(' ', '-')}"
    with NodeDriver.start(port) as driver, redis_py.Redis(port=port) as redis:
        queues = [driver.library(alias).queue(name) for alias in fleet.aliases]
        for queue in queues:
            queue.open()
        yield queues, redis


def _workers(queues: list[NodeQueue]) -> ExitStack:
    with ExitStack() as running:
        for queue in queues:
            running.enter_context(queue.worker(concurrency=4))
            running.enter_context(queue.worker(concurrency=2))
        return running.pop_all()


async def _live(scene: Scene, queues: list[NodeQueue], pace: Pace) -> None:
    deadline = time.monotonic() + pace.seconds
    while time.monotonic() < deadline and not scene.account.faults:
        if sum(len(held(scene.redis, scene.ours.base, state)) for state in ("wait", "paused", "prioritized")) < BACKLOG:
            await asyncio.to_thread(_produce, scene, scene.draw.choice(queues))
        for _ in range(pace.acts):
            await act(scene)
        await _agree(scene, queues[0])
        await asyncio.sleep(pace.rest)


async def _agree(scene: Scene, theirs: NodeQueue) -> None:
    job_id = scene.draw.choice(list(scene.account.runs))
    if different := await disagreement(scene.ours, theirs, job_id):
        scene.account.faults.append(different)
    scene.account.agreed += 1


def _produce(scene: Scene, queue: NodeQueue) -> None:
    draw, runs = scene.draw, scene.account.runs
    jobs: list[dict[str, Any]] = [
        {"name": "deliver", "data": {"script": _script(draw)}, "opts": _options(draw)} for _ in range(BURST)
    ]
    for told, added in zip(jobs, queue.add_bulk(jobs), strict=True):
        runs[str(added["id"])] = natural_runs(told["data"]["script"], told["opts"])
    if not queue.library.facts.is_bull and draw.random() < 0.3:
        _produce_flow(draw, queue, runs)


def _produce_flow(draw: random.Random, queue: NodeQueue, runs: dict[str, int]) -> None:
    children: list[dict[str, Any]] = [
        {"name": "line", "queueName": queue.name, "data": {"script": _script(draw)}, "opts": _options(draw)}
        for _ in range(2)
    ]
    tree = {"name": "invoice", "queueName": queue.name, "data": {"script": {}}, "children": children}
    added = queue.library.add_flow(tree)
    runs[str(added["job"]["id"])] = 1
    for told, child in zip(children, added["children"], strict=True):
        runs[str(child["job"]["id"])] = natural_runs(told["data"]["script"], told["opts"])


def _script(draw: random.Random) -> dict[str, Any]:
    fails = {"failTimes": 1} if draw.random() < 0.4 else {}
    return {"sleep": draw.randint(0, 12), **fails}


def _options(draw: random.Random) -> dict[str, Any]:
    chances = (
        (0.3, "priority", draw.randint(1, 5)),
        (0.2, "delay", draw.randint(1, 4000)),
        (0.2, "lifo", True),
        (0.2, "attempts", 2),
    )
    return {name: value for chance, name, value in chances if draw.random() < chance}


async def _come_to_rest(scene: Scene) -> None:
    """Nothing is left to do: what is delayed is promoted, what holds a parent up is retried, all has run."""
    deadline = time.monotonic() + PATIENCE
    await scene.ours.resume()
    await _unless_refused(scene.ours.set_concurrency(None))
    await _unless_refused(scene.ours.set_rate_limit(None, None))
    while left := {state: ids for state in UNFINISHED if (ids := held(scene.redis, scene.ours.base, state))}:
        if time.monotonic() > deadline:
            scene.account.blame("still unfinished", (f"{job} ({state})" for state in left for job in left[state]))
            return
        for job_id in left.get("delayed", []):
            await _unless_refused(scene.ours.promote(job_id))
        if left.keys() == {"waiting-children"}:
            for job_id in held(scene.redis, scene.ours.base, "failed"):
                await _unless_refused(scene.ours.retry(job_id))
        await asyncio.sleep(0.1)


async def _unless_refused(act: Any) -> None:
    """A worker may take it at the same moment, as its time has come."""
    try:
        await act
    except (Conflict, NotFound, Unsupported):
        return
