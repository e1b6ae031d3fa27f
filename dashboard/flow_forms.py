"""The pages of flows, and what their buttons post. What cannot be undone is asked about first, with what would go."""

from __future__ import annotations

from collections.abc import Awaitable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.errors import TickbirdError
from core.flows.flow import Done, Left
from core.permission import Permission
from dashboard.acting import back, refused, seen
from dashboard.budgets import Cost
from dashboard.desk import desk_of
from dashboard.forms import read_form
from dashboard.notices import Notice
from dashboard.pages import flow, flow_asking, flows
from dashboard.urls import JOB, RawRoute, job_id, job_page, queue_id, queue_page


def routes(base: str) -> list[Route]:
    """Flows in flight, the flow of one job, and its buttons."""
    job = base + JOB
    return [
        RawRoute(f"{base}/flows", flows.show, needs=Permission.VIEW, costs=Cost.HEAVY),
        RawRoute(f"{job}/flow", flow.show, needs=Permission.VIEW, costs=Cost.HEAVY),
        RawRoute(f"{job}/flow-retries", retry, needs=Permission.RETRY, methods=["POST"], costs=Cost.HEAVY),
        RawRoute(f"{job}/child-removals", remove_children, needs=Permission.REMOVE, methods=["POST"], costs=Cost.HEAVY),
        RawRoute(f"{job}/flow-removals", remove, needs=Permission.REMOVE, methods=["POST"], costs=Cost.HEAVY),
    ]


async def retry(request: Request) -> Response:
    """Retry all that failed at or below a job and holds it back."""
    desk, id, job = desk_of(request), queue_id(request), job_id(request)
    await read_form(request)
    notice = _said(await _done(desk.herd.flows.retry_failed(id, job)))
    await seen(desk, id)
    page = job_page(desk.base, id, job)
    return back(f"{page}/flow", notice, page)


async def remove_children(request: Request) -> Response:
    """Remove the children that a job still waits for, once confirmed."""
    desk, id, job, form = desk_of(request), queue_id(request), job_id(request), await read_form(request)
    if not form.confirmed:
        return await flow_asking.about_children(desk, request)
    notice = _said(await _done(desk.herd.flows.remove_unprocessed(id, job)))
    await seen(desk, id)
    page = job_page(desk.base, id, job)
    return back(f"{page}/flow", notice, page)


async def remove(request: Request) -> Response:
    """Remove a job with all below it, once it was said what goes."""
    desk, id, job, form = desk_of(request), queue_id(request), job_id(request), await read_form(request)
    if not form.confirmed:
        return await flow_asking.about_all(desk, request)
    done = await _done(desk.herd.flows.remove(id, job, rest=form.says("rest")))
    await seen(desk, id)
    gone = isinstance(done, Done) and not done.left_count and done.rest == 0
    page = queue_page(desk.base, id) if gone else job_page(desk.base, id, job)
    return back(page if gone else f"{page}/flow", _said(done), page)


async def _done(doing: Awaitable[Done]) -> Done | TickbirdError:
    try:
        return await doing
    except TickbirdError as error:
        return error


def _said(done: Done | TickbirdError) -> Notice:
    """What was done, or why it was not, in a sentence, and what was left alone."""
    if isinstance(done, TickbirdError):
        return refused(done)
    complete = not done.left_count and done.rest == 0
    return Notice("done" if complete else "partly", done.sentence, tuple(map(_why, done.left)))


def _why(left: Left) -> str:
    return f"{left.queue.name if left.queue else '?'} {left.job_id}: {left.why}"
