"""What people do by the pages' buttons: a noun is posted, it happens or is refused, and the page after says which.

What cannot be undone, or stops work, is asked about first: a post without `confirmed` changes nothing and answers
with the question, which is a page of its own, or a dialog where scripts run.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.errors import TickbirdError
from core.herd import Herd
from core.model import Outcome, QueueId
from core.permission import NEEDED, Permission
from dashboard.acting import back, said, seen
from dashboard.desk import Desk, desk_of
from dashboard.forms import Form, read_form
from dashboard.notices import Notice
from dashboard.pages import asking
from dashboard.pages.job_list import choice_of
from dashboard.undo_forms import Done, undoable
from dashboard.urls import JOB, QUEUE, RawRoute, job_id, job_page, queue_id, queue_page
from dashboard.words import jobs

# So many scripts at once are still one drop in what Redis does, and 200 jobs take no longer than a page may.
AT_ONCE = 10

OnJob = Callable[[Herd, QueueId, str], Awaitable[Outcome]]
OnQueue = Callable[[Herd, QueueId], Awaitable[Outcome]]


@dataclass(frozen=True, slots=True)
class Verb:
    """What is done to jobs, by the noun in its URL. `asks`: only when confirmed."""

    noun: str
    name: str
    past: str
    act: OnJob
    asks: bool = False


VERBS = (
    Verb("retries", "retry", "Retried", lambda herd, id, job: herd.mutations.retry(id, job)),
    Verb("promotions", "promote", "Promoted", lambda herd, id, job: herd.mutations.promote(id, job)),
    Verb("removals", "remove", "Removed", lambda herd, id, job: herd.mutations.remove(id, job), asks=True),
)


def routes(base: str) -> list[Route]:
    """Every button, as the noun that it posts."""
    return [
        RawRoute(f"{base}{QUEUE}/pauses", pause, needs=Permission.PAUSE, methods=["POST"]),
        RawRoute(f"{base}{QUEUE}/resumptions", resume, needs=Permission.PAUSE, methods=["POST"]),
        *(
            RawRoute(f"{base}{QUEUE}/{verb.noun}", _on_ticked(verb), needs=NEEDED[verb.name], methods=["POST"])
            for verb in VERBS
        ),
        *(
            RawRoute(f"{base}{JOB}/{verb.noun}", _on_one(verb), needs=NEEDED[verb.name], methods=["POST"])
            for verb in VERBS
        ),
    ]


async def pause(request: Request) -> Response:
    """Stop a queue, once confirmed."""
    desk, id, form = desk_of(request), queue_id(request), await read_form(request)
    if not form.confirmed:
        return asking.about_pausing(desk, request, form, desk.herd.queue(id))
    return await _turn(desk, id, form, lambda herd, queue: herd.mutations.pause(queue))


async def resume(request: Request) -> Response:
    """Let a queue go on."""
    desk, id, form = desk_of(request), queue_id(request), await read_form(request)
    return await _turn(desk, id, form, lambda herd, queue: herd.mutations.resume(queue))


async def _turn(desk: Desk, id: QueueId, form: Form, act: OnQueue) -> Response:
    page = desk.base if form.fields.get("from") == "overview" else queue_page(desk.base, id)
    notice = await said(act(desk.herd, id))
    await seen(desk, id)
    return back(page, notice, page)


def _on_one(verb: Verb) -> Callable[[Request], Awaitable[Response]]:
    async def one(request: Request) -> Response:
        desk, id, job, form = desk_of(request), queue_id(request), job_id(request), await read_form(request)
        if verb.asks and not form.confirmed:
            whole = await desk.herd.job(id, job, limit_bytes=asking.NAMED)
            return asking.about_removing_one(desk, request, form, whole)
        notice = await undoable(desk, id, verb.name, (job,), lambda: _on_that(desk, id, verb, job))
        await seen(desk, id)
        gone = verb.name == "remove" and notice.kind == "done"
        page = queue_page(desk.base, id) if gone else job_page(desk.base, id, job)
        return back(page + (f"?state={form.state}" if gone and form.state else ""), notice, page)

    return one


def _on_ticked(verb: Verb) -> Callable[[Request], Awaitable[Response]]:
    async def ticked(request: Request) -> Response:
        desk, id, form = desk_of(request), queue_id(request), await read_form(request)
        queue = desk.herd.queue(id)
        page = queue_page(desk.base, id)
        list_of = page + choice_of(form.fields, queue).changed(cursor=form.fields.get("cursor", ""))
        if not form.job_ids:
            return back(list_of, Notice("refused", "No job was ticked, so nothing was done."), page)
        if verb.asks and not form.confirmed:
            return await asking.about_removing(desk, request, form, queue)
        notice = await undoable(desk, id, verb.name, form.job_ids, lambda: _on_each(desk, id, verb, form.job_ids))
        await seen(desk, id)
        return back(list_of, notice, page)

    return ticked


async def _on_that(desk: Desk, id: QueueId, verb: Verb, job_id: str) -> Done:
    notice = await said(verb.act(desk.herd, id, job_id))
    return notice, () if notice.kind == "done" else (job_id,)


async def _on_each(desk: Desk, id: QueueId, verb: Verb, job_ids: tuple[str, ...]) -> Done:
    """Act on each job by itself: those that cannot are left alone, with the reason, and the others are done."""
    turn = asyncio.Semaphore(AT_ONCE)

    async def one(job_id: str) -> str:
        async with turn:
            try:
                await verb.act(desk.herd, id, job_id)
            except TickbirdError as error:
                return error.message
        return ""

    refusals = {id: why for id, why in zip(job_ids, await asyncio.gather(*map(one, job_ids)), strict=True) if why}
    lines = tuple(f"{job_id}: {why}" for job_id, why in refusals.items())
    return _summary(verb, len(job_ids), lines), tuple(refusals)


def _summary(verb: Verb, asked: int, refusals: tuple[str, ...]) -> Notice:
    done = asked - len(refusals)
    if not refusals:
        return Notice("done", f"{verb.past} {jobs(done)}.")
    if not done:
        return Notice("refused", f"Nothing was done: {jobs(asked)} refused.", refusals)
    return Notice("partly", f"{verb.past} {jobs(done)}. {jobs(len(refusals))} refused:", refusals)
