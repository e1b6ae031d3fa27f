"""A job's page with what redaction takes out of it: once, for who pressed the button, and kept nowhere."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.permission import Permission
from dashboard.desk import Desk, desk_of
from dashboard.forms import read_form
from dashboard.pages.frame import answer, frame
from dashboard.pages.job import SHOWN_BYTES, TEMPLATE, Reading, values_of
from dashboard.pages.job_matter import matter
from dashboard.urls import JOB, RawRoute, job_id, queue_id


@dataclass(frozen=True, slots=True)
class Unkept:
    """A part of the page that the board, which all tabs share, never sees."""

    html: str


def routes(base: str) -> list[Route]:
    """The button."""
    return [RawRoute(f"{base}{JOB}/reveals", reveal, needs=Permission.REVEAL, methods=["POST"])]


async def reveal(request: Request) -> Response:
    """The page, as an answer to its own form: no address leads to it, and no stream keeps it up to date."""
    desk, id, _ = desk_of(request), queue_id(request), await read_form(request)
    revealed = await desk.herd.reveals.job(id, job_id(request), limit_bytes=SHOWN_BYTES)
    reading = Reading(desk.herd.queue(id), revealed.job, revealed.logs)
    values = {**values_of(desk, frame(desk, request), reading), **_carried(desk, reading), "revealed": True}
    response = answer(desk, request, TEMPLATE, values)
    response.headers["cache-control"] = "no-store"
    return response


def _carried(desk: Desk, reading: Reading) -> dict[str, Unkept]:
    ui, carried = desk.rendering.ui, matter(desk.base, reading.job)
    return {"matter": Unkept(ui.job_matter(carried)), "beside": Unkept(ui.job_beside(carried))}
