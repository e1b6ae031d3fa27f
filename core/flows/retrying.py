"""Retry what failed in a flow: the jobs at its ends that failed by themselves, and then those above that they failed.

Each retry is the one that a person does to one job. A parent that a child failed is not retried, for it would run
before its children: it waits for them again, and runs by itself when they have finished.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from core.errors import TickbirdError
from core.flows.blocking import HOLDING
from core.flows.climb import climb
from core.flows.flow import Done, Left
from core.flows.lens import Lens, Spot
from core.flows.walk import Met, Walk, meet
from core.ground import Ground
from core.model import QueueId, State
from core.mutations.flows import reopen
from core.mutations.front import Mutations
from core.mutations.refusals import counted
from core.text import printable, text

# One request retries no more: a second or two.
MOST_RETRIED = 500
# So many scripts at once are still one drop in what Redis does.
AT_ONCE = 10
MOST_TOLD = 50


@dataclass(slots=True)
class _Failed:
    """What failed by itself, and what was failed by its children, in the order in which they were met."""

    leaves: list[Spot] = field(default_factory=list)
    parents: list[Spot] = field(default_factory=list)
    more: int = 0

    def note(self, batch: Sequence[Met]) -> None:
        for met in batch:
            if met.state is not State.FAILED:
                continue
            if met.unfinished:
                self.parents.append(met.spot)
            elif len(self.leaves) < MOST_RETRIED:
                self.leaves.append(met.spot)
            else:
                self.more += 1


async def retry_failed(lens: Lens, mutations: Mutations, ground: Ground, start: Spot) -> Done:
    """Every failed job at or below `start` that holds it back, up to `MOST_RETRIED` of them."""
    failed, walk = _Failed(), Walk(lens, start, HOLDING)
    failed.note(await meet(lens, [start]))
    async for batch in walk.batches():
        failed.note(batch)
    retried = await _each(mutations, failed.leaves)
    above = [spot for spot, _ in (await climb(lens, start)).chain[:-1]]
    broken = [met.spot for met in await meet(lens, above) if met.state is State.FAILED and met.unfinished]
    # The deepest first: each waits again only when none of its children is failed any more.
    reopened = [await _reopened(mutations, ground, spot) for spot in (*reversed(failed.parents), *reversed(broken))]
    return _told(start, retried, reopened, None if walk.cut else failed.more)


async def _each(mutations: Mutations, spots: Sequence[Spot]) -> list[tuple[Spot, str, bool]]:
    turn = asyncio.Semaphore(AT_ONCE)

    async def one(spot: Spot) -> tuple[Spot, str, bool]:
        assert spot.queue is not None  # noqa: S101 # a state is known of jobs in known queues only
        async with turn:
            try:
                outcome = await mutations.retry(spot.queue.id, text(spot.id))
            except TickbirdError as error:
                return spot, error.message, False
        return spot, outcome.sentence, True

    return list(await asyncio.gather(*map(one, spots)))


async def _reopened(mutations: Mutations, ground: Ground, spot: Spot) -> tuple[Spot, str, bool]:
    assert spot.queue is not None  # noqa: S101 # as above
    id, job_id = spot.queue.id, text(spot.id)
    try:
        outcome = await reopen(ground, id, job_id)
        if not outcome.changed:
            outcome = await mutations.retry(id, job_id)
    except TickbirdError as error:
        return spot, error.message, False
    return spot, outcome.sentence, True


Result = tuple[Spot, str, bool]


def _told(start: Spot, retried: Sequence[Result], reopened: Sequence[Result], more: int | None) -> Done:
    done = [result for result in retried if result[2]]
    again = [result for result in reopened if result[2]]
    refused = [result for result in (*retried, *reopened) if not result[2]]
    assert start.queue is not None  # noqa: S101 # who asks names a known queue
    return Done(
        verb="retry_failed_leaves",
        queue=start.queue.id,
        job_id=text(start.id),
        sentence=_sentence(start, len(done), len(again), len(refused), more),
        done=len(done),
        left=tuple(Left(spot.queue_id, text(spot.id), why) for spot, why, _ in refused[:MOST_TOLD]),
        left_count=len(refused),
        rest=more,
        results=tuple(_result(result) for result in (*done, *again)),
    )


def _result(result: Result) -> tuple[QueueId, str, str]:
    spot, sentence, _ = result
    assert spot.queue is not None  # noqa: S101 # as above
    return spot.queue.id, text(spot.id), sentence


def _sentence(start: Spot, done: int, again: int, refused: int, more: int | None) -> str:
    if not done and not again and not refused:
        return f"Nothing has failed that holds job {printable(text(start.id))} back, so nothing was done."
    parts = [f"{counted(done, 'failed job was', 'failed jobs were')} retried."]
    if again:
        parts.append(f"{counted(again, 'parent waits', 'parents wait')} for the children again.")
    if refused:
        parts.append(f"{counted(refused, 'job was', 'jobs were')} refused.")
    if more is None:
        parts.append("Not all of the flow was looked at: do the same again to go on.")
    elif more:
        parts.append(f"{counted(more, 'failed job is', 'failed jobs are')} left: do the same again to go on.")
    return " ".join(parts)
