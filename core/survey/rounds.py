"""One reading of every queue of an instance, in three pipelined rounds that all who look then share.

The first round asks each queue its packed questions, the second only what the first makes worth asking, the third
what the oldest jobs say of themselves.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import islice

from core.instance import Instance
from core.model import State
from core.survey.draft import Draft, draft, take_deep, take_quick
from core.survey.questions import at_the_time, deep_follow_ups, quick_follow_ups
from core.survey.watched import Watched

# Queues per round trip: about 1,200 commands, which Redis answers in about 2 ms and we read in about 5.
SLICE = 100


async def survey(instance: Instance, watched: Sequence[Watched], now: int) -> list[Draft]:
    """Read all these queues. `now` is the instant of the reading in milliseconds."""
    drafts: list[Draft] = []
    for start in range(0, len(watched), SLICE):
        drafts += await _slice(instance, watched[start : start + SLICE], now)
        await asyncio.sleep(0)
    return drafts


async def _slice(instance: Instance, watched: Sequence[Watched], now: int) -> list[Draft]:
    asked = [(w, w.is_due(now)) for w in watched]
    packed = b"".join(w.every[0] if due else w.quick[0] for w, due in asked)
    counts = [w.every[1] if due else w.quick[1] for w, due in asked]
    replies = iter(await instance.answers(packed, sum(counts)))
    drafts = [draft(w, list(islice(replies, n)), now, deep=due) for (w, due), n in zip(asked, counts, strict=True)]
    await _follow_up(instance, drafts, now)
    await _ask_the_oldest(instance, drafts)
    return drafts


async def _follow_up(instance: Instance, drafts: Sequence[Draft], now: int) -> None:
    commands = [command for found in drafts for command in _follow_ups(found)]
    replies = iter(await instance.answers(at_the_time(b"".join(commands), now), len(commands)))
    for found in drafts:
        for state in _present(found):
            take_quick(found, state, replies)
            if found.deep:
                take_deep(found, state, replies)


def _follow_ups(found: Draft) -> list[bytes]:
    base, band = found.watched.base, found.watched.bands.question(found.watched.base)
    commands: list[bytes] = []
    for state in _present(found):
        commands += quick_follow_ups(base, state, band, first=found.first)
        if found.deep:
            commands += deep_follow_ups(base, state)
    return commands


def _present(found: Draft) -> list[State]:
    return [state for state, count in found.counts.items() if count]


async def _ask_the_oldest(instance: Instance, drafts: Sequence[Draft]) -> None:
    """When the oldest jobs became ready or started; what is known from the last reading is not asked again."""
    for found in drafts:
        found.watched.readiness.expect(found.oldest)
    wanted = [command for found in drafts for command in found.watched.readiness.questions(found.watched.base)]
    replies = iter(await instance.read(wanted))
    for found in drafts:
        found.watched.readiness.take(replies)
    later = [command for found in drafts for command in found.watched.readiness.options(found.watched.base)]
    replies = iter(await instance.read(later))
    for found in drafts:
        found.watched.readiness.take_options(replies)
        _note_ages(found)


def _note_ages(found: Draft) -> None:
    readiness, bands = found.watched.readiness, found.watched.bands
    found.instants |= readiness.instants(found.oldest)
    bands.note(readiness.at(found.oldest.get("prioritized")))
    if found.counts.get(State.PRIORITIZED):
        found.instants["oldest_prioritized"] = bands.oldest
    else:
        bands.clear()
