"""What jobs of one name usually look like in a queue: the options that most of the newest have, and one of them as an
example. An application's own defaults are not in Redis; what it gave its last jobs is."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.access.asker import asker
from core.dialects.contract import contract
from core.instance import Instance, pack
from core.jobs.listing import Sought, list_ids
from core.model import Queue, QueueId
from core.mutations.duplicating import ITS_OWN
from core.redaction.fields import cleaned
from core.redaction.redaction import HIDDEN, Redaction
from core.sight import Sight
from core.text import integer, json_or_none, text

# The newest of each state are looked through, and of a name's jobs no more than these are read.
LOOKED_AT = 200
JOBS = 20
# A longer name is nobody's, and data beyond this no example (bytes).
LONGEST_NAME = 512
LONGEST_DATA = 65_536
LONGEST_OPTIONS = 8_192
_LONG = {
    "fpof": "failParentOnFailure",
    "kl": "keepLogs",
    "rdof": "removeDependencyOnFailure",
    "idof": "ignoreDependencyOnFailure",
    "cpof": "continueParentOnFailure",
}
_NEVER = ITS_OWN | {"tm", "omc", "telemetry", "preventParsingData"}


@dataclass(frozen=True, slots=True)
class Usual:
    """`options` are those that most of the newest `jobs` jobs have, each with how many; `example` are the data of the
    newest, without what must not be seen (`redacted`: something was taken out), and `of` its id."""

    name: str
    jobs: int
    options: tuple[tuple[str, Any, int], ...] = ()
    example: str | None = None
    of: str | None = None
    redacted: bool = False

    @property
    def given(self) -> dict[str, Any]:
        """The options alone."""
        return {word: value for word, value, _ in self.options}


@dataclass(frozen=True, slots=True)
class Names:
    """The names among the newest jobs of every state, the most frequent first, each with how many; of `looked_at`."""

    names: tuple[tuple[str, int], ...]
    looked_at: int


@dataclass(frozen=True, slots=True)
class _Newest:
    """A job by its name, and when it was added."""

    id: bytes
    name: str
    added: int


class UsualJobs:
    """What is usual in the queues in `sight`."""

    def __init__(self, sight: Sight) -> None:
        self._sight = sight

    async def names(self, id: QueueId) -> Names:
        """What its newest jobs are called. Raises NotFound, Unavailable."""
        newest = await self._newest(id)
        return Names(tuple(Counter(job.name for job in newest).most_common(50)), len(newest))

    async def of(self, id: QueueId, name: str) -> Usual:
        """What is usual for jobs of that name; nothing where none of the newest is called so. Raises as `names`."""
        jobs = [job for job in await self._newest(id) if job.name == name][:JOBS]
        if not jobs:
            return Usual(name, 0)
        redaction = self._sight.redaction(id)
        return await self._sight.read(
            id, ("usual", name, asker().scope), lambda instance: _usual(instance, id, jobs, redaction), 5.0
        )

    async def _newest(self, id: QueueId) -> list[_Newest]:
        queue = self._sight.queue(id)
        return await self._sight.read(id, ("newest names",), lambda instance: _read_newest(instance, queue), 5.0)


async def read_usual(instance: Instance, queue: Queue, name: str, redaction: Redaction) -> Usual:
    """What is usual for jobs of that name, for as long as it takes. Raises Unavailable."""
    jobs = [job for job in await _read_newest(instance, queue) if job.name == name][:JOBS]
    return await _usual(instance, queue.id, jobs, redaction) if jobs else Usual(name, 0)


async def _read_newest(instance: Instance, queue: Queue) -> list[_Newest]:
    ids: dict[bytes, None] = {}
    for state in contract(queue.identity).keys:
        sought = Sought(state, "newest", LOOKED_AT, None)
        listed = await list_ids(instance, queue.id.base, contract(queue.identity), sought)
        ids.update(dict.fromkeys(id for id, _ in listed.members))
    asked = [
        c
        for id in ids
        for c in (pack("HMGET", queue.id.base + id, "name", "timestamp"), pack("HSTRLEN", queue.id.base + id, "name"))
    ]
    answers = await instance.read(asked)
    jobs = [
        _Newest(id, text(fields[0]), integer(fields[1]) or 0)
        for id, fields, length in zip(ids, answers[::2], answers[1::2], strict=True)
        if fields and fields[0] and isinstance(length, int) and length <= LONGEST_NAME
    ]
    return sorted(jobs, key=lambda job: job.added, reverse=True)


async def _usual(instance: Instance, id: QueueId, jobs: Sequence[_Newest], redaction: Redaction) -> Usual:
    keys = [id.base + job.id for job in jobs]
    sizes = await instance.read([pack("HSTRLEN", key, field) for key in keys for field in ("opts", "data")])
    asked = [key for key, size in zip(keys, sizes[::2], strict=True) if (size or 0) <= LONGEST_OPTIONS]
    answers = [
        cleaned(redaction, b"opts", raw or b"{}")
        for raw in await instance.read([pack("HGET", key, "opts") for key in asked])
    ]
    options = [found for raw in answers if isinstance(found := json_or_none(raw), dict)]
    at = next((at for at in range(len(jobs)) if 0 < (sizes[at * 2 + 1] or 0) <= LONGEST_DATA), None)
    if at is None:
        return Usual(jobs[0].name, len(jobs), _common(options))
    (raw,) = await instance.read([pack("HGET", keys[at], "data")])
    seen = cleaned(redaction, b"data", raw or b"{}")
    return Usual(jobs[0].name, len(jobs), _common(options), text(seen), text(jobs[at].id), seen != (raw or b"{}"))


def _common(options: Sequence[Mapping[str, Any]]) -> tuple[tuple[str, Any, int], ...]:
    """Each option's most frequent value, where more have that than have it not."""
    found: list[tuple[str, Any, int]] = []
    for word in dict.fromkeys(word for each in options for word in each if word not in _NEVER):
        values = Counter(json.dumps(each.get(word)) for each in options)
        value, times = values.most_common(1)[0]
        is_said = value not in ("null", "0", "false") and HIDDEN not in value
        if is_said and times * 2 > len(options):
            found.append((_LONG.get(word, word), json.loads(value), times))
    return tuple(found)
