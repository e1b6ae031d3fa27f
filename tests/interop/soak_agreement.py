"""The library's own getters beside ours, while everything moves: ours first, for some of theirs write (8.8)."""

from __future__ import annotations

import asyncio
import time

from core.jobs.whereabouts import locate
from core.model import State
from core.survey.rounds import survey
from core.survey.watched import Watched
from tests.interop.node_driver import NodeError, NodeQueue
from tests.interop.ours import Ours

# Workers move jobs between our look and theirs: only what stays different for so long (seconds) is different.
PATIENCE = 10.0
_SAME = {"wait": "waiting", "paused": "waiting", "unknown": "gone", "stuck": "gone"}


async def disagreement(ours: Ours, theirs: NodeQueue, job_id: str) -> str:
    """What the library's getState and getJobCounts say otherwise than we do; "" when they agree."""
    deadline = time.monotonic() + PATIENCE
    while True:
        seen = await _state(ours, job_id), await _counts(ours)
        said = await asyncio.to_thread(_theirs, theirs, job_id, seen[1])
        if seen == said:
            return ""
        if time.monotonic() > deadline:
            return f"job {job_id} and counts: ours {seen}, theirs {said}"
        await asyncio.sleep(0.01)


async def _state(ours: Ours, job_id: str) -> str:
    place = (await locate(ours.instance, ours.queue, [job_id.encode()]))[job_id.encode()]
    return "gone" if place is None else _SAME.get(place.placed.state, place.placed.state.value)


def _theirs(theirs: NodeQueue, job_id: str, ours: dict[str, int]) -> tuple[str, dict[str, int]]:
    return _their_state(theirs, job_id), _their_counts(theirs, ours)


def _their_state(theirs: NodeQueue, job_id: str) -> str:
    try:
        state = theirs.state(job_id)
    except NodeError as error:
        if error.name != "JobNotFound":
            raise
        return "gone"
    return _SAME.get(state, state)


async def _counts(ours: Ours) -> dict[str, int]:
    """Ready jobs as one number: what is in which list while a queue is being paused is nobody's question."""
    id, now = ours.queue.id, time.time_ns() // 1_000_000
    watched = Watched(id.base, id, ours.queue.identity)
    watched.identify(ours.queue.identity)
    (found,) = await survey(ours.instance, [watched], now)
    counts = {state.value: count for state, count in found.counts.items() if state is not State.ACTIVE}
    counts["waiting"] += counts.pop("paused", 0)
    return counts


def _their_counts(theirs: NodeQueue, ours: dict[str, int]) -> dict[str, int]:
    said = theirs.counts("paused", *ours)
    counts = {state: said.get(state, 0) for state in ours}
    counts["waiting"] += said["paused"]
    if theirs.library.facts.dialect in ("mq_list", "mq4") and counts["waiting"] == ours["waiting"] + 1:
        counts["waiting"] -= 1  # some versions count a marker
    return counts
