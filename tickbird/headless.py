"""The headless face: what the dashboard shows and does, for terminals and scripts. Answers with exit codes.

0 when all is done, 1 when something was refused, skipped or cannot be reached; the command line itself uses 2.
"""

from __future__ import annotations

import asyncio
import getpass
import json
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import click

from core.errors import TickbirdError
from core.herd import Herd
from core.model import Outcome, Queue, QueueId, State
from core.operations.operation import Operation, Status
from core.operations.request import Request
from core.settings import Settings
from core.text import printable
from dashboard.api import job_shapes, shapes
from dashboard.api.operation_shapes import operation as operation_shape
from tickbird.chosen import Wanted, chosen, full

# How often progress is told (seconds).
TOLD_EVERY = 0.5


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
        _print(shapes.queues(herd.settings.base_path, snapshot, _now()))
    else:
        _lines([_queue(queue) for queue in snapshot.queues])
    return _tell_troubles(herd)


async def jobs(herd: Herd, *, as_json: bool, queue: str, state: str, **page: Any) -> int:
    """A page of a state; `next` of the JSON, told on stderr otherwise, goes on."""
    id = chosen(herd.snapshot(), queue)
    found = await herd.jobs(id, State(state), **page)
    if as_json:
        _print(job_shapes.page(herd.settings.base_path, id, found))
        return 0
    _lines([(row.id, row.name or "", row.failed_reason or "gone from Redis" * row.missing) for row in found.rows])
    more = f"; go on with --cursor {found.next}" if found.next else ""
    click.echo(f"{found.covered.looked_at:,} of {found.covered.total:,}{more}", err=True)
    return 0


async def job(herd: Herd, *, as_json: bool, queue: str, job_id: str) -> int:
    """One job in full."""
    id = chosen(herd.snapshot(), queue)
    found = await herd.job(id, job_id)
    shape = job_shapes.job(herd.settings.base_path, found, herd.job_permits(id, found))
    if as_json:
        _print(shape)
    else:
        _lines([(name, json.dumps(value)) for name, value in shape.items() if value not in (None, [], {}, "")])
    return 0


async def on_jobs(herd: Herd, *, as_json: bool, verb: str, queue: str, job_ids: Sequence[str]) -> int:
    """One action on each of these jobs; a refusal does not keep the others."""
    id = chosen(herd.snapshot(), queue)
    act: Callable[[QueueId, str], Awaitable[Outcome]] = getattr(herd, verb)
    outcomes, refusals = [], []
    for job_id in job_ids:
        try:
            outcomes.append(await act(id, job_id))
        except TickbirdError as error:
            refusals.append({"id": job_id, "code": error.code, "detail": error.message, "hint": error.hint})
    if as_json:
        base = herd.settings.base_path
        _print({"outcomes": [shapes.outcome(base, outcome) for outcome in outcomes], "refused": refusals})
    else:
        _lines([(outcome.sentence,) for outcome in outcomes])
        for refused in refusals:
            click.echo(f"tickbird: {printable(refused['detail'])} {refused['hint']}".rstrip(), err=True)
    return 1 if refusals else 0


async def in_bulk(herd: Herd, *, as_json: bool, wanted: Wanted, yes: bool) -> int:
    """Preview it, ask unless that was answered before, do it, and tell what was skipped."""
    ids, unseen = None, 0
    if wanted.queues is None:
        unseen = _tell_troubles(herd)
    else:
        ids = tuple(chosen(herd.snapshot(), name) for name in wanted.queues)
    request = Request(wanted.action, ids, wanted.state, wanted.options, wanted.reason, _who())
    seen = await herd.operations.preview(request)
    if not yes and not click.confirm(_question(seen), err=True):
        herd.operations.cancel(seen.id)
        return 1
    herd.operations.resume(seen.id)
    done = await _followed(herd, seen.id)
    if as_json:
        _print(operation_shape(herd.settings.base_path, done))
    else:
        _lines([(sentence,) for sentence in _result(done)])
    return unseen or _code(done)


def _code(done: Operation) -> int:
    """1 unless everything was done; what was so already was not left out."""
    refused = any(target.refusal for target in done.targets)
    return int(refused or done.status is not Status.DONE or bool(set(done.skipped or {}) - {"unchanged"}))


def _tell_troubles(herd: Herd) -> int:
    """Say on stderr what cannot be read; 1 if there is such a thing."""
    troubles = [reading.trouble for reading in herd.snapshot().readings if reading.down_since is not None]
    for trouble in troubles:
        click.echo(f"tickbird: {trouble}", err=True)
    return int(bool(troubles))


async def _followed(herd: Herd, id: str) -> Operation:
    """Until it is over; progress goes to stderr where somebody sees it."""
    ended = asyncio.ensure_future(herd.operations.wait(id))
    try:
        while not (await asyncio.wait([ended], timeout=TOLD_EVERY))[0]:
            if sys.stderr.isatty():
                click.echo(_progress(herd.operations.get(id)), err=True)
    except asyncio.CancelledError:
        click.echo(_progress(herd.operations.cancel(id)), err=True)
        raise
    return ended.result()


def _progress(seen: Operation) -> str:
    left = f", {seen.seconds_left:.0f} s left" if seen.seconds_left is not None else ""
    return f"{seen.status}: {seen.done + seen.passed_over:,} of {seen.total:,}{left} {seen.trouble}".rstrip()


def _question(seen: Operation) -> str:
    what = "queues" if seen.request.on_queues else "jobs"
    bound = "" if seen.exact else "at most "
    touched = [target for target in seen.targets if not target.refusal]
    refused = len(seen.targets) - len(touched)
    where = ", ".join(dict.fromkeys(full(target.queue) for target in touched[:5]))
    more = f" and {len(touched) - 5} more" if len(touched) > 5 else ""
    but = f" ({refused} refused: {seen.targets and _first_refusal(seen)})" if refused else ""
    return f"{seen.request.action} {bound}{seen.total:,} {what} of {where}{more}{but}?"


def _first_refusal(seen: Operation) -> str:
    return next(target.refusal for target in seen.targets if target.refusal)


def _result(done: Operation) -> list[str]:
    what = "queues" if done.request.on_queues else "jobs"
    lines = [
        f"{done.status}: {done.request.action} did {done.done:,} of {done.total:,} {what}. {done.trouble}".rstrip()
    ]
    lines += [f"skipped {number:,}: {reason}" for reason, number in (done.skipped or {}).items()]
    lines += [f"  {skip.sentence}" for skip in done.examples]
    return lines + [f"refused {full(target.queue)}: {target.refusal}" for target in done.targets if target.refusal]


def _queue(queue: Queue) -> tuple[str, ...]:
    counts = " ".join(f"{state.value} {count:,}" for state, count in queue.counts.items() if count)
    return full(queue.id), queue.identity.label, counts or "empty", queue.verdict.sentence


def _lines(rows: Sequence[Sequence[str]]) -> None:
    """In columns, each as wide as its widest; nothing in a name can move the cursor."""
    shown = [[printable(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*shown, strict=False)]
    for row in shown:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False)).rstrip())


def _print(shape: Mapping[str, Any]) -> None:
    click.echo(json.dumps(shape, ensure_ascii=True, indent=2))


def _who() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return ""


def _now() -> int:
    return time.time_ns() // 1_000_000
