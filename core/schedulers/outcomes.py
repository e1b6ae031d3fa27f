"""What the last runs of schedulers left behind: the jobs whose ids their timing foretells, where they still are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from core.instance import Instance, pack
from core.model import Queue
from core.schedulers.runs import LAST, preceding, reader_of
from core.schedulers.scheduler import Head, Run
from core.text import integer, raw_bytes

_STATES = ("completed", "failed")
_TIMES = ("processedOn", "finishedOn")


async def read_runs(instance: Instance, heads: Sequence[tuple[Queue, Head]]) -> list[tuple[Run, ...]]:
    """For each scheduler its last 60 runs, oldest first, as its present timing counts them: fewer where it has not had
    so many, none where its timing cannot be read."""
    slots = [_slots(queue, head) for queue, head in heads]
    commands = [
        pack("ZMSCORE", queue.id.base + state.encode(), *(_id(head, at) for at in instants))
        for (queue, head), instants in zip(heads, slots, strict=True)
        for state in _STATES
        if instants
    ]
    replies = iter(await instance.read(commands))
    found: list[tuple[Run, ...]] = []
    for (_, head), instants in zip(heads, slots, strict=True):
        scores = [(state, next(replies)) for state in _STATES] if instants else []
        of_each = [[(state, reply[n] if reply else None) for state, reply in scores] for n in range(len(instants))]
        runs = tuple(_run(head, at, each) for at, each in zip(instants, of_each, strict=True))
        found.append(runs if head.ran is not None else _since_the_first(runs))
    return found


def _since_the_first(runs: tuple[Run, ...]) -> tuple[Run, ...]:
    """Of one of which it is not known how often it ran: what was before the first that is left may never have been."""
    first = next((at for at, run in enumerate(runs) if run.state), len(runs))
    return runs[first:]


async def with_lengths(instance: Instance, queue: Queue, runs: Sequence[Run]) -> tuple[Run, ...]:
    """The same, each with how long it took where its job says so."""
    base = queue.id.base
    left = [run for run in runs if run.job_id]
    replies = await instance.read([pack("HMGET", base + raw_bytes(run.job_id), *_TIMES) for run in left])
    took = {run.at: _length(reply) for run, reply in zip(left, replies, strict=True)}
    return tuple(replace(run, took=took.get(run.at)) for run in runs)


def _slots(queue: Queue, head: Head) -> list[int]:
    most = LAST if head.ran is None else min(LAST, head.ran)
    return preceding(head, reader_of(queue.identity), most)[::-1]


def _id(head: Head, at: int) -> bytes:
    return raw_bytes(f"{head.prefix}:{at}")


def _run(head: Head, at: int, scores: list[tuple[str, bytes | None]]) -> Run:
    for state, score in scores:
        if score is not None:
            return Run(at, state, integer(score), job_id=f"{head.prefix}:{at}")
    return Run(at)


def _length(reply: list[bytes | None] | None) -> int | None:
    began, ended = (integer(raw) for raw in reply or (None, None))
    return max(0, ended - began) if began is not None and ended is not None else None
