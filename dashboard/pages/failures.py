"""Why jobs fail: like failures as one row across all queues, and the page of one such group."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from core.errors import NotFound, TickbirdError
from core.failures.fingerprint import VERSION
from core.failures.groups import SLOT, Group
from core.failures.survey import Failures
from core.job import Job
from core.model import QueueId
from dashboard.board import Piece
from dashboard.desk import Desk, desk_of
from dashboard.pages.frame import LAYOUT, Frame, answer, frame, region, still
from dashboard.pages.watching import Asked
from dashboard.stacks import Stack, stack
from dashboard.urls import decode_part, failure_page, job_page, queue_page
from dashboard.words import count, several

LIST, PAGE = "pages/failures.html", "pages/failure.html"
AROUND = ((LAYOUT, "banner"), (LAYOUT, "foot"))
OF_LIST = ((LIST, "groups"), *AROUND)
OF_PAGE = ((PAGE, "head"), (PAGE, "where"), *AROUND)
# The page waits no longer for what is still to be read (seconds); it shows what is, and the rest as it comes.
PATIENCE = 0.5
MOST_GROUPS = 200
COLUMNS = ("5 min", "1 h", "6 h", "24 h", "7 d")
_SPANS = ("5m", "1h", "6h", "24h", "7d")
# Bytes of the newest failure's stack.
STACK = 65_536


@dataclass(frozen=True, slots=True)
class Cell:
    """A number that opens the list it counts; nowhere where several queues have a part in it."""

    number: int
    href: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A group as the list shows it."""

    group: Group
    href: str
    cells: tuple[Cell, ...]
    total: Cell

    @property
    def title(self) -> str:
        """What went wrong, as one reads it."""
        how = self.group.fingerprint
        said = how.message or "(no reason given)"
        return said if not how.error or said.startswith(how.error) else f"{how.error}: {said}"

    @property
    def place(self) -> str:
        """The queue, or how many there are."""
        queues = self.group.queues
        return queues[0][0].name if len(queues) == 1 else several(len(queues), "queue")

    @property
    def trend(self) -> str:
        """What the sparkline shows, in words."""
        latest = f"{count(self.group.trend[-1])} of them in the last {SLOT // 60_000} min"
        return f"{several(sum(self.group.trend), 'failure')} in the last 2 hours, {latest}"


async def show_all(request: Request) -> Response:
    """The list."""
    desk = desk_of(request)
    desk.herd.glance()
    values = _of_list(desk, frame(desk, request), await _look(desk))
    values["frame"] = values["frame"].streaming("", desk.board.mark)
    return answer(desk, request, LIST, values)


async def show(request: Request) -> Response:
    """One group. NotFound once nothing of it is left."""
    desk, key = desk_of(request), decode_part(request.path_params["group"])
    desk.herd.glance()
    group = _group(await _look(desk), key)
    values = {**_of_page(desk, frame(desk, request), group), **await _newest(desk, group)}
    values["frame"] = values["frame"].streaming("", desk.board.mark)
    return answer(desk, request, PAGE, values)


async def _look(desk: Desk) -> Failures:
    return await desk.shared.get(("failures",), lambda: desk.herd.failures.look(PATIENCE))


def _group(seen: Failures, key: str) -> Group:
    found = next((group for group in seen.groups if group.fingerprint.key == key), None)
    if found is None:
        hint = "Its jobs were retried or removed." if seen.known >= seen.total else "Not all failures are read yet."
        raise NotFound("No failed job is in this group (any more).", hint)
    return found


def _of_list(desk: Desk, around: Frame, seen: Failures) -> dict[str, Any]:
    return {
        "frame": around,
        "place": "errors",
        "seen": seen,
        "columns": COLUMNS,
        "rows": [_row(desk, group) for group in seen.groups[:MOST_GROUPS]],
        "more": max(0, len(seen.groups) - MOST_GROUPS),
    }


def _row(desk: Desk, group: Group) -> Row:
    href = failure_page(desk.base, group.fingerprint.key)
    cells = tuple(Cell(n, _list(desk, group, span)) for n, span in zip(group.recent, _SPANS, strict=True))
    return Row(group, href, cells, Cell(group.count, _list(desk, group)))


def _list(desk: Desk, group: Group, within: str = "") -> str:
    """Where exactly these jobs are listed."""
    return jobs_of(desk, group.queues[0][0], group, within) if len(group.queues) == 1 else ""


def jobs_of(desk: Desk, queue: QueueId, group: Group, within: str = "") -> str:
    """The group's jobs in this queue, of the last so much time."""
    words = f"group:{group.fingerprint.key}" + (f" finished:{within}" if within else "")
    return f"{queue_page(desk.base, queue)}?{urlencode({'state': 'failed', 'q': words})}"


def _of_page(desk: Desk, around: Frame, group: Group) -> dict[str, Any]:
    return {
        "frame": around,
        "place": "error",
        "row": _row(desk, group),
        "group": group,
        "version": VERSION,
        "queues": [(id, number, jobs_of(desk, id, group)) for id, number in group.queues],
        "examples": [(queue, id, at, job_page(desk.base, queue, id)) for queue, id, at in group.examples],
        "windows": tuple(zip(COLUMNS, group.recent, strict=True)),
    }


async def _newest(desk: Desk, group: Group) -> dict[str, Any]:
    """The newest failure itself, for its stack."""
    queue, id, _ = group.examples[0]
    try:
        job: Job | None = await desk.herd.job(queue, id, limit_bytes=STACK)
    except TickbirdError:
        job = None  # retried or removed a moment ago: the page goes without
    traces: list[Stack] = [stack(job.stacktrace[-1])] if job is not None and job.stacktrace else []
    return {"newest": job, "traces": traces}


class WatchAll:
    """The list as one tab keeps looking at it."""

    def __init__(self, desk: Desk, asked: Asked) -> None:
        self._desk, self._at = desk, asked.at

    async def look(self) -> list[Piece]:
        """Every piece of the page as it is now."""
        values = _of_list(self._desk, still(self._desk, self._at), await _look(self._desk))
        return [region(self._desk, self._at, name, values) for name in OF_LIST]


class Watch:
    """One group's page as one tab keeps looking at it; the trace of the newest stays as it was."""

    def __init__(self, desk: Desk, asked: Asked, key: str) -> None:
        self._desk, self._at, self._key = desk, asked.at, key

    async def look(self) -> list[Piece]:
        """Every piece of the page as it is now; once the group is empty, only what is around it."""
        around = still(self._desk, self._at)
        try:
            values = _of_page(self._desk, around, _group(await _look(self._desk), self._key))
        except NotFound:
            return [region(self._desk, self._at, name, {"frame": around, "place": "error"}) for name in AROUND]
        return [region(self._desk, self._at, name, values) for name in OF_PAGE]
