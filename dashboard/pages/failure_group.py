"""One group of like failures: how often, which jobs, where, why they are one, what one said, what was decided."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from core.errors import NotFound, TickbirdError
from core.failures.fingerprint import VERSION
from core.failures.groups import WINDOWS, Group
from core.job import Job
from core.model import QueueId
from dashboard.board import Piece
from dashboard.desk import Desk, desk_of
from dashboard.forms import UNITS
from dashboard.numbers import number
from dashboard.pages.failures import COLUMNS, PATIENCE, SPANS, listed, row
from dashboard.pages.frame import LAYOUT, Frame, answer, frame, region, still
from dashboard.pages.watching import Asked
from dashboard.stacks import Stack, stack
from dashboard.urls import decode_part, failure_page, job_page, queue_page
from dashboard.words import now

TEMPLATE = "pages/failure.html"
AROUND = ((LAYOUT, "banner"), (LAYOUT, "foot"))
REGIONS = ((TEMPLATE, "head"), (TEMPLATE, "jobs"), (TEMPLATE, "where"), *AROUND)
SHOWN = 50
# Bytes of the newest failure's stack.
STACK = 65_536

# An address that asks for jobs behind this one asks for none.
LAST_JOB = 100_000_000


@dataclass(frozen=True, slots=True)
class Choice:
    """Which of the group's jobs are listed: those that failed within so long (all: empty), from the so-manieth on."""

    within: str = ""
    start: int = 0

    @property
    def since(self) -> int:
        """The first instant that counts."""
        return now() - WINDOWS[SPANS.index(self.within)] + 1 if self.within else 0

    @property
    def words(self) -> str:
        return f" of the last {COLUMNS[SPANS.index(self.within)]}" if self.within else ""


def choice_of(within: str, start: str) -> Choice:
    """What the URL asks for; what makes no sense there is as it usually is."""
    first = number(start, most=LAST_JOB)
    return Choice(within if within in SPANS else "", first)


async def show(request: Request) -> Response:
    """The page. NotFound once nothing of it is left."""
    desk, key, asked = desk_of(request), group_key(request), request.query_params
    desk.herd.glance()
    group = await find(desk, key)
    choice = choice_of(asked.get("within", ""), asked.get("start", ""))
    values = {**_values(desk, frame(desk, request), group, choice), **await newest(desk, group)}
    values["frame"] = values["frame"].streaming("", desk.board.mark)
    return answer(desk, request, TEMPLATE, values)


def group_key(request: Request) -> str:
    """The group that the path names."""
    return decode_part(request.path_params["group"])


async def find(desk: Desk, key: str) -> Group:
    """The group as it is now. Raises NotFound."""
    return await desk.shared.get(("failure group", key), lambda: desk.herd.failures.group(key, PATIENCE))


def search_of(desk: Desk, queue: QueueId, group: Group) -> str:
    """The same jobs in the list of their queue, where they can be ticked."""
    return f"{queue_page(desk.base, queue)}?{urlencode({'state': 'failed', 'q': f'group:{group.key}'})}"


def _values(desk: Desk, around: Frame, group: Group, choice: Choice) -> dict[str, Any]:
    href = failure_page(desk.base, group.key)
    found = desk.herd.failures.jobs(group.key, since=choice.since, limit=SHOWN, start=choice.start)
    following = choice.start + len(found.jobs)
    return {
        "frame": around,
        "place": "error",
        "row": row(desk, group),
        "group": group,
        "version": VERSION,
        "units": tuple(UNITS),
        "choice": choice,
        "jobs": [(queue, id, at, job_page(desk.base, queue, id)) for queue, id, at in found.jobs],
        "listed": found,
        "older": listed(href, choice.within, following) if following < found.total else "",
        "newer": listed(href, choice.within, max(0, choice.start - SHOWN)) if choice.start else "",
        "all_of_them": listed(href, ""),
        "queues": [(id, number, search_of(desk, id, group)) for id, number in group.queues],
        "queue_pages": [queue_page(desk.base, id) for id, number in group.queues if number],
        "windows": tuple(zip(COLUMNS, row(desk, group).cells, strict=True)),
    }


async def newest(desk: Desk, group: Group) -> dict[str, Any]:
    """The newest failure itself; where none is left, what was kept of one."""
    job: Job | None = None
    if group.examples:
        queue, id, _ = group.examples[0]
        try:
            job = await desk.herd.job(queue, id, limit_bytes=STACK)
        except TickbirdError:
            job = None  # retried or removed a moment ago: what was kept of it is shown
    kept = group.evidence.example if group.evidence and job is None else None
    told = job.stacktrace[-1:] if job is not None else ((kept.stack,) if kept and kept.stack else ())
    traces: list[Stack] = [stack(trace) for trace in told]
    return {"newest": job, "kept": kept, "traces": traces}


class Watch:
    """One group's page as one tab keeps looking at it; the trace of the newest stays as it was."""

    def __init__(self, desk: Desk, asked: Asked, key: str) -> None:
        self._desk, self._at, self._key = desk, asked.at, key
        self._choice = choice_of(asked.params.get("within", ""), asked.params.get("start", ""))

    async def look(self) -> list[Piece]:
        """Every piece of the page as it is now; once nothing is known of the group, only what is around it."""
        around = still(self._desk, self._at)
        try:
            values = _values(self._desk, around, await find(self._desk, self._key), self._choice)
        except NotFound:
            return [region(self._desk, self._at, name, {"frame": around, "place": "error"}) for name in AROUND]
        return [region(self._desk, self._at, name, values) for name in REGIONS]
