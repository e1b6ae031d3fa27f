"""When a queue's oldest jobs became ready to run, or started.

A job is ready from its `timestamp` plus its original delay, or, once it has run, from that run on. The hash's own
`delay` is set to zero on promotion, so the original one is read from `opts`, where that is small enough to read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from core.instance import pack
from core.text import integer, json_or_none

LARGEST_OPTS = 4096


@dataclass(slots=True)
class _Known:
    added: int | None = None
    started: int | None = None
    delay: int = 0
    opts_size: int = 0

    @property
    def ready(self) -> int | None:
        if self.started is not None:
            return self.started
        return None if self.added is None else self.added + self.delay


class Readiness:
    """Keeps what the last reading learned, so that a job that is still the oldest is not asked again."""

    def __init__(self) -> None:
        self._known: dict[bytes, _Known] = {}
        self._new: list[bytes] = []
        self._active: bytes | None = None

    def expect(self, oldest: Mapping[str, bytes | None]) -> None:
        """These are the oldest jobs now; all others are forgotten. The active one may have been restarted: ask."""
        self._active = oldest.get("active")
        ids = dict.fromkeys(id for id in oldest.values() if id is not None)
        self._known = {id: known for id, known in self._known.items() if id in ids and id != self._active}
        self._new = [id for id in ids if id not in self._known]

    def questions(self, base: bytes) -> list[bytes]:
        return [
            command
            for id in self._new
            for command in (
                pack(b"HMGET", base + id, b"timestamp", b"processedOn"),
                pack(b"HSTRLEN", base + id, b"opts"),
            )
        ]

    def take(self, replies: Iterator[Any]) -> None:
        for id in self._new:
            fields, size = next(replies), next(replies)
            added, started = fields if isinstance(fields, list) else (None, None)
            self._known[id] = _Known(integer(added), integer(started), 0, size if isinstance(size, int) else 0)

    def options(self, base: bytes) -> list[bytes]:
        return [pack(b"HGET", base + id, b"opts") for id in self._unsettled()]

    def take_options(self, replies: Iterator[Any]) -> None:
        for id in self._unsettled():
            reply = next(replies)
            opts = json_or_none(reply if isinstance(reply, bytes) else None)
            delay = opts.get("delay") if isinstance(opts, dict) else 0
            self._known[id].delay = int(delay) if isinstance(delay, int | float) and 0 < delay < 1e15 else 0

    def _unsettled(self) -> list[bytes]:
        """New jobs that have never run and whose options are worth reading for the delay they began with."""
        return [
            id for id in self._new if self._known[id].started is None and 0 < self._known[id].opts_size <= LARGEST_OPTS
        ]

    def at(self, id: bytes | None) -> int | None:
        """When this job became ready, None where nothing tells."""
        known = self._known.get(id) if id is not None else None
        return known.ready if known else None

    def instants(self, oldest: Mapping[str, bytes | None]) -> dict[str, int | None]:
        """The oldest waiting (with paused) and the oldest active, by the names of `Instants`."""
        waiting = [self.at(id) for end, id in oldest.items() if end not in ("active", "prioritized")]
        active = self._known.get(self._active) if self._active is not None else None
        return {
            "oldest_waiting": min((at for at in waiting if at is not None), default=None),
            "oldest_active": active.started if active else None,
        }
