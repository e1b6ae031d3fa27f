"""A reading while masters of a cluster come and go."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from core.errors import Unavailable
from core.survey import reachable as module
from core.survey.reachable import reachable

QUEUES: Any = [SimpleNamespace(base=base) for base in (b"a1", b"a2", b"b1", b"b2", b"c1", b"c2")]


class Hung:
    """Two masters that answer nobody. That the one is away is forgotten by the time that the other is noticed."""

    def __init__(self) -> None:
        self.readings = 0
        self._known = b""

    def reaches(self, base: bytes) -> bool:
        return base[:1] != self._known

    async def survey(self, _: Any, here: Sequence[Any], now: int) -> list[Any]:
        self.readings += 1
        assert self.readings < 10, "it goes round and round"
        for each in here:
            if each.base[:1] in (b"a", b"b"):
                self._known = each.base[:1]
                raise Unavailable(f"No answer at {now}.")
        return list(here)


async def test_a_reading_comes_to_its_end_while_several_masters_are_hung(monkeypatch: pytest.MonkeyPatch) -> None:
    hung: Any = Hung()
    monkeypatch.setattr(module, "survey", hung.survey)
    read, left_out = await reachable(hung, QUEUES, 0)
    assert (read, left_out) == (QUEUES[4:], QUEUES[:4])
    assert hung.readings == 3
