"""Bulk work from a terminal: previewed, asked about, followed, and told with what was left alone and why."""

from __future__ import annotations

import asyncio
import getpass
import sys
from dataclasses import replace

import click

from core.herd import Herd
from core.operations.operation import Operation, Status
from core.operations.request import Request
from core.text import printable
from dashboard.api.operation_shapes import operation as operation_shape
from dashboard.operation_words import asks, bound, counted, must_type, noun, will
from tickbird.chosen import Wanted, chosen, full, several
from tickbird.headless import printed, tell_troubles, told

# What was so already, and ids whose job is there, were not left out.
NOTHING_AMISS = frozenset({"unchanged", "whole"})
# How often progress is told (seconds).
TOLD_EVERY = 0.5
# How long jobs are looked at for a count (seconds): a terminal waits longer than a page.
PATIENCE = 60.0


async def in_bulk(herd: Herd, *, as_json: bool, wanted: Wanted, yes: bool, dry_run: bool) -> int:
    """Preview it, ask unless that was answered before, do it, and tell what was skipped."""
    unseen = tell_troubles(herd) if wanted.queues is None else 0
    seen = await herd.operations.preview(_request(herd, wanted), PATIENCE)
    if dry_run:
        _show(herd, seen, as_json=as_json)
        return unseen or int(any(target.refusal for target in seen.targets))
    if not yes and not _agreed(seen):
        herd.operations.cancel(seen.id)
        return 1
    herd.operations.resume(seen.id, scope=seen.scope, by=seen.request.by, reason=seen.request.reason)
    done = await _followed(herd, seen.id)
    _show(herd, done, as_json=as_json)
    return unseen or _code(done)


def _request(herd: Herd, wanted: Wanted) -> Request:
    ids = None if wanted.queues is None else several(herd.snapshot(), wanted.queues)
    options = replace(wanted.options, to=chosen(herd.snapshot(), wanted.to)) if wanted.to else wanted.options
    return Request(wanted.action, ids, wanted.state, options, wanted.reason, _who(), query=wanted.query)


def _show(herd: Herd, seen: Operation, *, as_json: bool) -> None:
    if as_json:
        printed(operation_shape(herd.settings.base_path, seen))
    elif seen.status is Status.PREVIEWED:
        told([(f"Would {_question(seen).removesuffix('?')}.",), *((sentence,) for sentence in _more(seen))])
        told([(f"refused {full(target.queue)}: {target.refusal}",) for target in seen.targets if target.refusal])
    else:
        told([(sentence,) for sentence in _result(seen)])


def _agreed(seen: Operation) -> bool:
    """Whether a person says yes; by typing a name where many jobs or a whole queue would go."""
    if not (wanted := must_type(seen)):
        return click.confirm(_question(seen), err=True)
    click.echo(" ".join((_question(seen), *_more(seen))), err=True)
    typed: str = click.prompt(f"Type {wanted} to go on", default="", show_default=False, err=True)
    return typed.strip() == wanted


def _code(done: Operation) -> int:
    """1 unless everything was done."""
    refused = any(target.refusal for target in done.targets)
    return int(refused or done.status is not Status.DONE or bool(set(done.skipped or {}) - NOTHING_AMISS))


async def _followed(herd: Herd, id: str) -> Operation:
    """Until it is over; progress goes to stderr where somebody sees it."""
    ended = asyncio.ensure_future(herd.operations.wait(id))
    try:
        while not (await asyncio.wait([ended], timeout=TOLD_EVERY))[0]:
            seen = herd.operations.get(id)
            if seen.status is Status.STOPPED:  # it asks a person, and here is none who could answer
                click.echo(_progress(herd.operations.cancel(id, reason=seen.trouble)), err=True)
                click.echo(f"tickbird: {printable(seen.trouble)}", err=True)
            elif sys.stderr.isatty():
                click.echo(_progress(seen), err=True)
    except asyncio.CancelledError:
        click.echo(_progress(herd.operations.cancel(id)), err=True)
        raise
    return ended.result()


def _progress(seen: Operation) -> str:
    left = f", {seen.seconds_left:.0f} s left" if seen.seconds_left is not None else ""
    looked = f", looked at {seen.looked:,} of {seen.reach:,}" if seen.request.query else ""
    handled = f"{seen.done + seen.passed_over:,} of {bound(seen)}{seen.total:,}"
    return f"{seen.status}: {handled}{looked}{left} {seen.trouble}".rstrip()


def _more(seen: Operation) -> list[str]:
    """What a person should know beside the question: the query as it was understood, and how it was counted."""
    query = [f"Only jobs of which this is so: {asks(seen.request)}."] if seen.request.query else []
    return [*query, *filter(None, [counted(seen)]), *will(seen)]


def _question(seen: Operation) -> str:
    what = f"{noun(seen.request)}s"
    touched = [target for target in seen.targets if not target.refusal]
    refused = len(seen.targets) - len(touched)
    where = ", ".join(dict.fromkeys(full(target.queue) for target in touched[:5]))
    more = f" and {len(touched) - 5} more" if len(touched) > 5 else ""
    but = f" ({refused} refused: {seen.targets and _first_refusal(seen)})" if refused else ""
    return f"{seen.request.action} {bound(seen)}{seen.total:,} {what} of {where}{more}{but}?"


def _first_refusal(seen: Operation) -> str:
    return next(target.refusal for target in seen.targets if target.refusal)


def _result(done: Operation) -> list[str]:
    what = f"{noun(done.request)}s"
    lines = [
        f"{done.status}: {done.request.action} did {done.done:,} of {done.total:,} {what}. {done.trouble}".rstrip()
    ]
    lines += [f"skipped {number:,}: {reason}" for reason, number in (done.skipped or {}).items()]
    lines += [f"  {skip.sentence}" for skip in done.examples]
    return lines + [f"refused {full(target.queue)}: {target.refusal}" for target in done.targets if target.refusal]


def _who() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return ""
