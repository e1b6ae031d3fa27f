"""What is there to be asked for: real queues and jobs, and whatever answers have named since."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote
from zlib import crc32

from core.model import Dialect
from tests.fuzz.company import JOBS, NAMES, queue_id

# Ids by which operations, searches, views … are addressed: an answer that names some makes them known for its room.
ROOMS = {"operations": "operation_id", "searches": "search_id", "views": "view_id", "errors": "group"}
# Of so many calls one goes to a place that the document allows and nobody knows.
STRANGE = 8
_RECENT = 20


class Known:
    """Values for the parts of a path: chosen by what was generated for them, so that the same run asks the same."""

    def __init__(self) -> None:
        self._learned: dict[str, deque[str]] = {name: deque(maxlen=_RECENT) for name in (*ROOMS.values(), "job_id")}
        self._queues = [queue_id(dialect) for dialect in Dialect]

    def place(self, generated: Mapping[str, Any]) -> dict[str, str]:
        """The same parts, most of them of something that is there."""
        chance = crc32(repr(sorted(generated.items())).encode("utf-8", "replace"))
        if chance % STRANGE == 0:
            return {**generated}
        return {name: self._value(name, chance // STRANGE, str(value)) for name, value in generated.items()}

    def _value(self, name: str, chance: int, generated: str) -> str:
        one = self._queues[chance % len(self._queues)]
        fixed = {"instance": one.instance, "prefix": one.prefix, "name": one.name, "scheduler_key": "hourly"}
        if name in fixed:
            return fixed[name]
        choices: Sequence[str] = [*self._learned.get(name, ()), *(JOBS if name == "job_id" else ())]
        return choices[chance % len(choices)] if choices else generated

    def learn(self, answer: Any) -> None:
        """Remember the addresses in an answer."""
        for value in answer if isinstance(answer, list) else answer.values() if isinstance(answer, dict) else ():
            self.learn(value)
        if isinstance(answer, dict) and isinstance(href := answer.get("href"), str):
            self._see(href.split("/api/", 1)[-1].split("/"))

    def _see(self, parts: list[str]) -> None:
        if len(parts) == 2 and parts[0] in ROOMS:
            self._remember(ROOMS[parts[0]], unquote(parts[1]))
        elif len(parts) == 6 and parts[4] == "jobs" and parts[3] in NAMES.values():
            self._remember("job_id", unquote(parts[5]))

    def _remember(self, name: str, value: str) -> None:
        if value not in self._learned[name]:
            self._learned[name].append(value)
