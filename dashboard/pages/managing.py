"""The page with all that can be done to a queue as a whole: bulk work, limits, and how its library was told."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from core.errors import TickbirdError
from core.model import BACKLOG, Queue, State
from core.priorities import Priorities
from dashboard.desk import desk_of
from dashboard.forms import UNITS
from dashboard.pages.changing import others
from dashboard.pages.frame import answer, frame
from dashboard.pages.queue_list import place
from dashboard.urls import queue_id, queue_page

TEMPLATE = "pages/managing.html"
# The states from which jobs can be moved to another queue.
MOVED = frozenset(State) - {State.ACTIVE, State.WAITING_CHILDREN, State.UNKNOWN}


async def show(request: Request) -> Response:
    """The page."""
    desk, id = desk_of(request), queue_id(request)
    desk.herd.glance()
    queue = desk.herd.queue(id)
    priorities, trouble = None, None
    try:
        priorities = await desk.herd.priorities.of(id)
    except TickbirdError as error:
        trouble = error
    values: dict[str, object] = {
        "frame": frame(desk, request),
        "priorities": priorities,
        "priority_rows": _shares(priorities) if priorities else [],
        "priorities_trouble": trouble,
        "place": "managing",
        "queue": queue,
        "where": place(queue),
        "href": queue_page(desk.base, id),
        "permits": {permit.verb: permit for permit in desk.herd.permits(id)},
        "units": tuple(UNITS),
        "cleaned": [state for state in queue.counts if state not in (State.ACTIVE, State.UNKNOWN)],
        "reordered": _reordered(queue),
        "moved": [state for state in queue.counts if state in MOVED],
        "others": others(desk, id),
        "ready": sum(queue.counts.get(state, 0) for state in BACKLOG),
    }
    return answer(desk, request, TEMPLATE, values)


def _shares(found: Priorities) -> list[tuple[int | str | None, int, float]]:
    """Each priority with its jobs, and how many of a hundred ready ones these are."""
    rows: list[tuple[int | str | None, int]] = [(None, found.without)] if found.without else []
    rows += [*found.counts, *((("more", found.beyond),) if found.beyond else ())]
    total = sum(number for _, number in rows)
    return [(priority, number, round(100 * number / total, 1)) for priority, number in rows]


def _reordered(queue: Queue) -> list[State]:
    """The states whose jobs can be given another priority in bulk. In a list that holds all priorities a change would
    move others, too."""
    later = [state for state in (State.DELAYED, State.WAITING_CHILDREN) if state in queue.counts]
    sorted_apart = State.PRIORITIZED in queue.counts
    return [*((State.PRIORITIZED, State.WAITING, State.PAUSED) if sorted_apart else ()), *later]
