"""The headless face: what the dashboard shows and does, for terminals and scripts. Answers with exit codes.

0 when all is done, 1 when something was refused, skipped or cannot be reached; the command line itself uses 2.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any

import click

from core.errors import TickbirdError, Unsupported
from core.herd import Herd
from core.job import Job
from core.model import Outcome, Queue, QueueId, State
from core.mutations.adding import NewJob
from core.mutations.written import DATA_LIMIT
from core.settings import Settings
from core.text import printable
from dashboard.api import job_shapes, shapes
from dashboard.json_edit import compact, editable
from tickbird.chosen import chosen, full


def run(settings: Settings, work: Callable[..., Awaitable[int]], **said: Any) -> int:
    """Look at every Redis once, do this work with what was said, and give the exit code."""

    async def looked() -> int:
        herd = Herd(settings)
        try:
            await herd.read_now()
            return await work(herd, **said)
        finally:
            await herd.stop()

    return asyncio.run(looked())


async def queues(herd: Herd, *, as_json: bool) -> int:
    """Every queue; what cannot be read is told on stderr."""
    snapshot = herd.snapshot()
    if as_json:
        printed(shapes.queues(herd.settings.base_path, snapshot, _now()))
    else:
        told([_queue(queue) for queue in snapshot.queues])
    return tell_troubles(herd)


async def jobs(herd: Herd, *, as_json: bool, queue: str, state: str, **page: Any) -> int:
    """A page of a state; `next` of the JSON, told on stderr otherwise, goes on."""
    id = chosen(herd.snapshot(), queue)
    found = await herd.jobs(id, State(state), **page)
    if as_json:
        printed(job_shapes.page(herd.settings.base_path, id, found))
        return 0
    told([(row.id, row.name or "", row.failed_reason or "gone from Redis" * row.missing) for row in found.rows])
    more = f"; go on with --cursor {found.next}" if found.next else ""
    click.echo(f"{found.covered.looked_at:,} of {found.covered.total:,}{more}", err=True)
    return 0


async def job(herd: Herd, *, as_json: bool, queue: str, job_id: str) -> int:
    """One job in full."""
    id = chosen(herd.snapshot(), queue)
    found = await herd.job(id, job_id)
    shape = job_shapes.job(herd.settings.base_path, found, herd.job_permits(id, found))
    if as_json:
        printed(shape)
    else:
        told([(name, json.dumps(value)) for name, value in shape.items() if value not in (None, [], {}, "")])
    return 0


async def on_jobs(herd: Herd, *, as_json: bool, verb: str, queue: str, job_ids: Sequence[str]) -> int:
    """One action on each of these jobs; a refusal does not keep the others."""
    id = chosen(herd.snapshot(), queue)
    act: Callable[[QueueId, str], Awaitable[Outcome]] = getattr(herd.mutations, verb)
    return await _each(herd, {job_id: partial(act, id, job_id) for job_id in job_ids}, as_json=as_json)


async def add(herd: Herd, *, as_json: bool, queue: str, job: NewJob) -> int:
    """Add this job."""
    id = chosen(herd.snapshot(), queue)

    async def one() -> Outcome:
        return (await herd.mutations.add(id, [job]))[0]

    return await _each(herd, {job.name: one}, as_json=as_json)


async def edit(herd: Herd, *, as_json: bool, queue: str, job_id: str, data: str | None) -> int:
    """Give a job these data; None opens an editor on those it has."""
    id = chosen(herd.snapshot(), queue)
    found = await herd.job(id, job_id, limit_bytes=DATA_LIMIT + 1)
    seen = found.data.text if found.data else None
    written = data if data is not None else _written(found)
    if written is None:
        click.echo("tickbird: nothing was changed.", err=True)
        return 1
    act = partial(herd.mutations.edit_data, id, job_id, compact(written), seen=seen)
    return await _each(herd, {job_id: act}, as_json=as_json)


def _written(job: Job) -> str | None:
    """What a person makes of the data in an editor; None where nothing was saved."""
    if job.data is None or not job.data.is_json:
        raise Unsupported("Its data are too large for an editor, or no JSON.", "Give the new ones on the command line.")
    return click.edit(editable(job.data.text) + "\n", extension=".json")


async def _each(herd: Herd, acts: Mapping[str, Callable[[], Awaitable[Outcome]]], *, as_json: bool) -> int:
    """Do them one after the other, and tell what was done and what was refused."""
    outcomes, refusals = [], []
    for job_id, act in acts.items():
        try:
            outcomes.append(await act())
        except TickbirdError as error:
            refusals.append({"id": job_id, "code": error.code, "detail": error.message, "hint": error.hint})
    if as_json:
        base = herd.settings.base_path
        printed({"outcomes": [shapes.outcome(base, outcome) for outcome in outcomes], "refused": refusals})
    else:
        told([(outcome.sentence,) for outcome in outcomes])
        for refused in refusals:
            click.echo(f"tickbird: {printable(refused['detail'])} {refused['hint']}".rstrip(), err=True)
    return 1 if refusals else 0


def tell_troubles(herd: Herd) -> int:
    """Say on stderr what cannot be read; 1 if there is such a thing."""
    troubles = [reading.trouble for reading in herd.snapshot().readings if reading.down_since is not None]
    for trouble in troubles:
        click.echo(f"tickbird: {trouble}", err=True)
    return int(bool(troubles))


def _queue(queue: Queue) -> tuple[str, ...]:
    counts = " ".join(f"{state.value} {count:,}" for state, count in queue.counts.items() if count)
    return full(queue.id), queue.identity.label, counts or "empty", queue.verdict.sentence


def told(rows: Sequence[Sequence[str]]) -> None:
    """Print in columns, each as wide as its widest; nothing in a name can move the cursor."""
    shown = [[printable(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*shown, strict=False)]
    for row in shown:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False)).rstrip())


def printed(shape: Mapping[str, Any]) -> None:
    """Print as JSON."""
    click.echo(json.dumps(shape, ensure_ascii=True, indent=2))


def _now() -> int:
    return time.time_ns() // 1_000_000
