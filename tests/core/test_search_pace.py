"""How fast searches go: in turn, in slices that fit, and slower when Redis answers more slowly."""

from __future__ import annotations

import asyncio
import time

import pytest

from core.instance import Instance
from core.search import pace as pacing
from core.search.pace import FEWEST, MOST, REST, Pace
from core.search.seek import Slice


class Answers:
    """A Redis whose small questions take as long as they are said to (seconds)."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.took = 0.0001
        monkeypatch.setattr(pacing, "_answered", self.answered)

    async def answered(self, _: object) -> float:
        return self.took


def slice_of(jobs: int) -> Slice:
    return Slice((), jobs, 0, jobs, None, lost=False)


async def stepped(pace: Pace, instance: Instance, monkeypatch: pytest.MonkeyPatch, seconds: float) -> float:
    """The rest after a slice that took so long."""
    clock = iter((10.0, 10.0 + seconds))
    monkeypatch.setattr(time, "perf_counter", lambda: next(clock))
    asked: list[int] = []

    async def step(size: int) -> Slice:
        asked.append(size)
        return slice_of(size)

    _, rest = await pace.slice(instance, step)
    monkeypatch.undo()
    return rest


async def test_cheap_slices_grow_to_a_limit_and_dear_ones_shrink(
    instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    pace = Pace()
    for _ in range(20):
        Answers(monkeypatch)
        await stepped(pace, instance, monkeypatch, 0.0005)
    assert pace.size == MOST
    Answers(monkeypatch)
    await stepped(pace, instance, monkeypatch, 10.0)
    assert pace.size == FEWEST


async def test_rests_are_longer_while_redis_answers_more_slowly(
    instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    pace = Pace()
    for _ in range(6):
        Answers(monkeypatch)
        calm = await stepped(pace, instance, monkeypatch, 0.02)
    assert not pace.slow
    assert calm == pytest.approx(0.02 * REST)
    for _ in range(6):
        Answers(monkeypatch).took = 0.02
        busy = await stepped(pace, instance, monkeypatch, 0.02)
    assert pace.slow
    assert busy > 3 * calm
    for _ in range(6):
        Answers(monkeypatch)
        again = await stepped(pace, instance, monkeypatch, 0.02)
    assert (pace.slow, again) == (False, calm)


async def test_one_slow_answer_is_an_accident(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    pace = Pace()
    for took in (0.0001, 0.0001, 0.5, 0.0001, 0.0001):
        Answers(monkeypatch).took = took
        await stepped(pace, instance, monkeypatch, 0.01)
    assert not pace.slow


async def test_two_searches_take_turns() -> None:
    pace, inside, most = Pace(), 0, 0

    async def one() -> None:
        nonlocal inside, most
        async with pace.turn():
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0)
            inside -= 1

    await asyncio.gather(*(one() for _ in range(10)))
    assert most == 1
