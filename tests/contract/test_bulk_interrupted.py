"""Killed at any write, of any kind of work: when the next Tickbird has gone on, each job was acted on exactly once."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from tests.contract.interrupted import Mortal, Work, in_small_slices, interrupted, steps
from tests.contract.interrupted_works import WORKS
from tickbird.demo.server import EmbeddedServer

BY_NAME = pytest.mark.parametrize("work", WORKS, ids=lambda work: work.name)
# Of all writes of a kind of work; `bin/test --full` and the command in interrupted.py interrupt them all.
SOME = 4


@pytest.fixture(autouse=True)
def small_slices() -> Iterator[None]:
    with in_small_slices():
        yield


@BY_NAME
async def test_killed_at_some_writes_it_is_gone_on_with(server: EmbeddedServer, work: Work) -> None:
    writes = await steps(work, server)
    draw = random.Random(work.name)
    for at in sorted(draw.sample(range(1, writes + 1), SOME)):
        after = draw.random() < 0.5
        assert await interrupted(work, server, Mortal(at, after=after)) == [], f"killed at write {at}, {after=}"


@pytest.mark.full
@pytest.mark.timeout(900)
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@BY_NAME
async def test_killed_at_any_write_it_is_gone_on_with(server: EmbeddedServer, work: Work, *, after: bool) -> None:
    for at in range(1, await steps(work, server) + 1):
        assert await interrupted(work, server, Mortal(at, after=after)) == [], f"killed at write {at}"
