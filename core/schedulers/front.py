"""Schedulers of all queues: listed, looked up, and foretold. Writing is done by `core/mutations/scheduling.py`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace

from core.errors import NotFound, TickbirdError, Unavailable
from core.instance import Instance
from core.job import Covered, Payload
from core.jobs.options import spelled_out
from core.model import Queue, QueueId
from core.redaction.fields import cleaned
from core.redaction.redaction import Redaction
from core.schedulers.listing import listed, position, row_of
from core.schedulers.outcomes import read_runs, with_lengths
from core.schedulers.reading import Register, read_head, read_register
from core.schedulers.runs import upcoming
from core.schedulers.scheduler import Head, Page, Row, Run, Scheduler
from core.schedulers.template import Template, read_template
from core.sight import Sight, now
from core.text import json_or_none, printable, text

PAGE = 100
# A register that was read serves all who look within this many seconds.
FRESH = 2.0
# Of the template's data so much is shown; the rest is said.
SHOWN = 65_536


class Schedulers:
    """The schedulers that `sight` lets see."""

    def __init__(self, sight: Sight) -> None:
        self._sight = sight

    async def page(
        self, *, queue: QueueId | None = None, words: str = "", cursor: str | None = None, limit: int = PAGE
    ) -> Page:
        """Those of all queues or of one. Says which instances are away; Unavailable where one queue is asked for."""
        start = position(cursor)
        queues = {each.id: each for each in (self._sight.queues() if queue is None else [self._sight.queue(queue)])}
        registers, away = await self._registers(list(queues.values()), alone=queue is not None)
        heads = [head for register in registers for head in register.heads]
        rows = listed(heads, queues, words, now())
        shown = rows[start : start + limit]
        shown = await self._with_runs(shown, queues) if shown else []
        more = str(start + limit) if start + limit < len(rows) else None
        covered = Covered(len(heads), sum(register.total for register in registers))
        return Page(tuple(shown), more, len(rows), covered, tuple(away))

    async def one(self, id: QueueId, key: str) -> Scheduler:
        """One scheduler in full. NotFound, Unavailable."""
        queue, redaction = self._sight.queue(id), self._sight.redaction(id)
        return await self._sight.read(id, ("scheduler", key, redaction), lambda i: _read_one(i, queue, key, redaction))

    async def _registers(self, queues: Sequence[Queue], *, alone: bool) -> tuple[list[Register], list[str]]:
        by_instance: dict[str, list[Queue]] = {}
        for queue in queues:
            by_instance.setdefault(queue.id.instance, []).append(queue)
        answers = await asyncio.gather(
            *(self._register(name, each) for name, each in by_instance.items()), return_exceptions=not alone
        )
        found: list[Register] = []
        away: list[str] = []
        for answer in answers:
            if isinstance(answer, Register):
                found.append(answer)
            elif isinstance(answer, TickbirdError):
                away.append(answer.message)
            else:
                raise answer
        return found, away

    async def _register(self, name: str, queues: Sequence[Queue]) -> Register:
        ids = tuple(queue.id for queue in queues)
        key = (ids[0] if len(ids) == 1 else name, "schedulers", ids)
        return await self._sight.read_of(name, key, lambda instance: read_register(instance, queues), FRESH)

    async def _with_runs(self, rows: Sequence[Row], queues: dict[QueueId, Queue]) -> list[Row]:
        by_instance: dict[str, list[Row]] = {}
        for row in rows:
            by_instance.setdefault(row.head.queue.instance, []).append(row)
        found: dict[tuple[QueueId, str], Row] = {}
        for name, mine in by_instance.items():
            runs = await self._runs(name, [(queues[row.head.queue], row.head) for row in mine])
            found |= {(r.head.queue, r.head.key): replace(r, runs=each) for r, each in zip(mine, runs, strict=True)}
        return [found[row.head.queue, row.head.key] for row in rows]

    async def _runs(self, name: str, heads: list[tuple[Queue, Head]]) -> list[tuple[Run, ...]]:
        key = (name, "runs", tuple((head.queue, head.key, head.next) for _, head in heads))
        try:
            return await self._sight.read_of(name, key, lambda instance: read_runs(instance, heads), FRESH)
        except Unavailable:
            return [()] * len(heads)  # the instance has gone since its register was read; that is said at once


async def _read_one(instance: Instance, queue: Queue, key: str, redaction: Redaction) -> Scheduler:
    head = await read_head(instance, queue, key)
    if head is None:
        raise NotFound(f"There is no scheduler {printable(key[:200])!r} in {printable(queue.id.name)} (any more).")
    template = await read_template(instance, queue, head)
    head = completed(head, template)
    (runs,) = await read_runs(instance, [(queue, head)])
    runs = await with_lengths(instance, queue, runs)
    took = [run.took for run in runs if run.took is not None and run.state == "completed"]
    return Scheduler(
        replace(row_of(queue, head, now()), runs=runs),
        upcoming(head, queue.identity, now(), head.ran),
        _payload(b"data", template.data, redaction) if template.source else None,
        _options(template, redaction) if template.source else None,
        template.source,
        average=round(sum(took) / len(took)) if took else None,
        hidden=redaction.hides,
    )


def completed(head: Head, template: Template) -> Head:
    """With what only the next iteration of a repeatable says: how often it ran, its limits, its own job id."""
    said = {name: _number(template.repeat.get(name)) for name in ("count", "limit", "endDate", "startDate", "every")}
    timing, count = head.timing, said["count"]
    timing = replace(
        timing,
        limit=said["limit"] if timing.limit is None else timing.limit,
        end=said["endDate"] if timing.end is None else timing.end,
        start=said["startDate"] if timing.start is None else timing.start,
    )
    ran = max(0, count - 1) if head.ran is None and count is not None else head.ran
    own_id = template.repeat.get("jobId")
    return replace(head, timing=timing, ran=ran, own_id=own_id if isinstance(own_id, str) else head.own_id)


def _number(value: object) -> int | None:
    return value if type(value) is int and 0 <= value < 2**53 else None


def _payload(name: bytes, raw: bytes, redaction: Redaction) -> Payload:
    size, raw = len(raw), cleaned(redaction, name, raw)
    if len(raw) > SHOWN:
        return Payload(text(raw[:SHOWN]), size, cut=True)
    value = json_or_none(raw)
    return Payload(text(raw), size, value=value, is_json=value is not None or raw == b"null")


def _options(template: Template, redaction: Redaction) -> Payload:
    raw = json.dumps(dict(template.options), ensure_ascii=False).encode("utf-8", "surrogatepass")
    return spelled_out(_payload(b"opts", raw, redaction))
