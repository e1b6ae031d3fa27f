"""What we do at random to a live queue: each act chooses a job that was in a fitting state a moment ago."""

from __future__ import annotations

import json
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from core.dialects.contract import contract
from core.errors import Conflict, NotFound, Unsupported
from core.model import State
from core.operations.request import Action
from tests.interop.ours import Ours
from tests.interop.soak_account import Account, held


@dataclass
class Scene:
    """One queue under random acts."""

    ours: Ours
    redis: Any
    draw: random.Random
    account: Account

    def some(self, *states: str) -> str:
        """The id of a job that is in one of these states, or was; "" where there is none."""
        candidates = held(self.redis, self.ours.base, self.draw.choice(states))
        return self.draw.choice(candidates) if candidates else ""


Act = Callable[[Scene, str], Awaitable[Any]]


@dataclass(frozen=True)
class Kind:
    """An act, how often it comes, and the states of the jobs it is for; none for an act on the queue."""

    verb: str
    weight: float
    act: Act
    states: tuple[str, ...] = ()


def _plain(verb: str, weight: float, *states: str) -> Kind:
    return Kind(verb, weight, lambda scene, job: getattr(scene.ours, verb)(*([job] if job else [])), states)


def _told(verb: str, weight: float, tell: Callable[[random.Random], Any], *states: str) -> Kind:
    return Kind(verb, weight, lambda scene, job: getattr(scene.ours, verb)(job, tell(scene.draw)), states)


def _bulk(action: Action, weight: float, state: State | None, limit: int | None = None) -> Kind:
    options: dict[str, Any] = {} if limit is None else {"limit": limit}
    return Kind(f"bulk-{action}", weight, lambda scene, _: scene.ours.bulk(action, state, **options))


async def _edit(scene: Scene, job_id: str) -> None:
    raw = scene.redis.hget(scene.ours.base + job_id, "data")
    data = json.loads(raw or b"{}")
    await scene.ours.edit_data(job_id, json.dumps({**data, "edited": scene.draw.randint(1, 9)}))


async def _duplicate(scene: Scene, job_id: str) -> None:
    raw = scene.redis.hmget(scene.ours.base + job_id, "data", "opts")
    if None in raw:
        return
    outcome = await scene.ours.duplicate(job_id)
    data, opts = map(json.loads, raw)
    scene.account.runs[outcome.job_id] = natural_runs(data.get("script", {}), opts)


def natural_runs(script: dict[str, Any], opts: dict[str, Any]) -> int:
    """How often a job runs by itself: once more for a failure that it has an attempt left for."""
    return 2 if script.get("failTimes") and opts.get("attempts", 1) > 1 else 1


ANYWHERE = ("wait", "paused", "delayed", "prioritized", "completed", "failed", "active")
KINDS = (
    _plain("retry", 4, "failed", "failed", "completed"),
    _plain("promote", 4, "delayed"),
    _plain("remove", 4, *ANYWHERE),
    _plain("pause", 2),
    _plain("resume", 4),
    Kind("edit_data", 2, _edit, ANYWHERE),
    _told("change_priority", 3, lambda draw: draw.randint(0, 5), "wait", "paused", "prioritized"),
    _told("change_delay", 2, lambda draw: draw.randint(1, 3000), "delayed"),
    _told("set_progress", 2, lambda draw: str(draw.randint(0, 100)), *ANYWHERE),
    _told("log", 2, lambda draw: f"line {draw.randint(1, 9)}", *ANYWHERE),
    Kind("duplicate", 1, _duplicate, ANYWHERE),
    _plain("requeue", 0.5, "active"),
    Kind("set_concurrency", 0.3, lambda scene, _: scene.ours.set_concurrency(scene.draw.choice((None, 4, 8)))),
    Kind("set_rate_limit", 0.2, lambda scene, _: scene.ours.set_rate_limit(scene.draw.randint(100, 500), 500)),
    _plain("release_rate_limit", 0.2),
    Kind("trim_events", 0.2, lambda scene, _: scene.ours.trim_events(scene.draw.randint(100, 5000))),
    _plain("mend_pause", 0.3),
    _bulk(Action.RETRY, 0.5, State.FAILED, 30),
    _bulk(Action.PROMOTE, 0.3, State.DELAYED),
    _bulk(Action.REMOVE, 0.2, State.FAILED, 10),
    _bulk(Action.CLEAN, 0.5, State.COMPLETED, 20),
    _bulk(Action.DRAIN, 0.01, None),
)


def kinds(ours: Ours) -> list[Kind]:
    """What can be done to this queue's library."""
    verbs = contract(ours.queue.identity).verbs
    return [kind for kind in KINDS if kind.verb.startswith("bulk-") or kind.verb in verbs]


async def act(scene: Scene) -> None:
    """One act at random; a refusal is fine, and counted."""
    among = kinds(scene.ours)
    kind = scene.draw.choices(among, [kind.weight for kind in among])[0]
    job_id = scene.some(*kind.states) if kind.states else ""
    if kind.states and not job_id:
        return
    try:
        await kind.act(scene, job_id)
    except (Conflict, NotFound, Unsupported) as refusal:
        scene.account.refused[f"{kind.verb}: {refusal.code}"] += 1
    else:
        scene.account.acts[kind.verb] += 1
