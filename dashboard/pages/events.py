"""What happens in all queues, or in one, as it comes: the newest events, or those up to where somebody paused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.errors import TickbirdError
from core.feed.event import KINDS, OTHER, Event
from core.feed.feed import FEW, MANY, QUEUES, Look, place
from core.feed.ring import BYTES, MOST
from core.feed.wanted import Wanted
from core.model import QueueId
from core.permission import Permission
from core.text import integer, raw_bytes
from dashboard.board import Piece, digest
from dashboard.budgets import Cost
from dashboard.desk import Desk, desk_of
from dashboard.pages.frame import LAYOUT, Frame, answer, frame, region, still
from dashboard.pages.watching import Asked
from dashboard.urls import QUEUE, RawRoute, job_page, queue_id, queue_page

TEMPLATE = "pages/events.html"
REGIONS = ((TEMPLATE, "said"), (TEMPLATE, "feed"), (LAYOUT, "banner"), (LAYOUT, "foot"))
AROUND = ((TEMPLATE, "trouble"), (LAYOUT, "banner"), (LAYOUT, "foot"))
SHOWN = 100
# Of what an event says, so many characters stand in its row.
LONGEST = 300
LONGEST_FIELD = 512
# How an event looks: the shapes and colours of the states that it leads to.
_TONES = {
    **{kind: kind for kind in ("waiting", "active", "completed", "failed", "delayed", "waiting-children", "paused")},
    "stalled": "overloaded",
    "retries-exhausted": "failed",
    "added": "waiting",
}


# Where a job comes from when nothing is remarkable about it.
_USUAL = {("active", "waiting"), ("completed", "active"), ("failed", "active")}
# What most come to see.
TABS = (
    ("Everything", ()),
    ("Trouble", ("failed", "retries-exhausted", "stalled")),
    ("Ends", ("completed", "failed")),
    ("Progress", ("progress",)),
)


@dataclass(frozen=True, slots=True)
class Choice:
    """What the URL asks for. `upto`: the place of the newest event to show, where somebody paused."""

    kinds: tuple[str, ...] = ()
    queue: str = ""
    job: str = ""
    name: str = ""
    upto: tuple[int, int] | None = None

    def changed(self, **changes: Any) -> str:
        """The query of a URL that asks for this but for the changes."""
        new = replace(self, **changes)
        pairs = [("kind", kind) for kind in new.kinds]
        pairs += [(name, said) for name in ("queue", "job", "name") if (said := getattr(new, name))]
        pairs += [("upto", f"{new.upto[0]}.{new.upto[1]}")] if new.upto else []
        return "?" + urlencode(pairs, errors="surrogateescape")

    def wanted(self, of: QueueId | None) -> Wanted:
        return Wanted(frozenset(self.kinds), of, "" if of else self.queue, self.job, self.name)


def choice_of(params: QueryParams) -> Choice:
    """The choice in a URL's query; what makes no sense there is passed over."""
    asked = set(params.getlist("kind"))
    queue, job, name = (params.get(name, "").strip()[:LONGEST_FIELD] for name in ("queue", "job", "name"))
    kinds = tuple(kind for kind in (*KINDS, OTHER) if kind in asked)
    return Choice(kinds, queue, job, name, _place(params.get("upto", "")))


def _place(said: str) -> tuple[int, int] | None:
    at, _, id = said.partition(".")
    numbers = [integer(raw_bytes(part)) if len(part) < 20 else None for part in (at, id)]
    return None if numbers[0] is None or numbers[1] is None else (numbers[0], numbers[1])


@dataclass(frozen=True, slots=True)
class Row:
    """An event as the list shows it; `due` is when a delayed job becomes ready."""

    event: Event
    id: str
    tone: str
    queue_href: str
    job_href: str
    said: tuple[tuple[str, str], ...]
    due: int | None


async def show(request: Request) -> Response:
    """The page of one queue, or of all."""
    desk = desk_of(request)
    of = desk.herd.queue(queue_id(request)).id if "name" in request.path_params else None
    desk.herd.glance()
    values = await _values(desk, frame(desk, request), choice_of(request.query_params), of)
    values["frame"] = values["frame"].streaming("", desk.board.mark)
    return answer(desk, request, TEMPLATE, values)


async def _values(desk: Desk, around: Frame, choice: Choice, of: QueueId | None) -> dict[str, Any]:
    seen = await desk.herd.feed.look(choice.wanted(of), SHOWN, choice.upto)
    return {
        "frame": around,
        "place": "queue events" if of else "events",
        "queue": of,
        "href": queue_page(desk.base, of) if of else desk.base,
        "choice": choice,
        "kinds": (*KINDS, OTHER),
        "tabs": [(title, kinds == choice.kinds, choice.changed(kinds=kinds, upto=None)) for title, kinds in TABS],
        "filters": choice != Choice(kinds=choice.kinds, upto=choice.upto) or choice.kinds not in dict(TABS).values(),
        "seen": seen,
        "rows": [row(desk.base, event) for event in seen.events],
        "few": FEW,
        "many": MANY,
        "busiest": QUEUES,
        "most": MOST,
        "most_bytes": BYTES,
        "pause": choice.changed(upto=place(seen.events[0])) if seen.events else "",
        "older": _older(choice, seen),
        "trouble": None,
    }


def _older(choice: Choice, seen: Look) -> str:
    if not seen.more:
        return ""
    at, id = place(seen.events[-1])
    return choice.changed(upto=(at, id - 1))


def row(base: str, event: Event) -> Row:
    """The event with where its queue and job are."""
    page = queue_page(base, event.queue)
    job = job_page(base, event.queue, event.job_id) if event.job_id is not None else ""
    name = digest(str(event.at), str(event.id), event.queue.name, event.kind)
    due = integer(raw_bytes((event.said or {}).get("delay", ""))) if event.kind == "delayed" else None
    return Row(event, f"e{name}", _TONES.get(event.kind, "idle"), page, job, tuple(_said(event)), due)


def _said(event: Event) -> Iterator[tuple[str, str]]:
    """What it says, each with a word where the kind of event does not tell what it is."""
    for field, text in (event.said or {}).items():
        if (event.kind, field) == ("delayed", "delay") or (event.kind, text) in _USUAL or text in ("", "null"):
            continue
        plain = field in ("progress", "returnvalue", "failedReason")
        word = "" if plain else "from" if field == "prev" else field
        yield word, text[:LONGEST] + ("…" if len(text) > LONGEST or field in event.cut else "")


class Watch:
    """The page as one tab keeps looking at it; one that is paused tells only how many came since."""

    def __init__(self, desk: Desk, asked: Asked, of: QueueId | None = None) -> None:
        self._desk, self._asked, self._of = desk, asked, of

    async def look(self) -> list[Piece]:
        """Every piece of the page as it is now; a queue that is gone leaves its page standing, and a word."""
        try:
            return await self._desk.shared.get(("events", self._asked.at), self._look)
        except TickbirdError as error:
            values = {"frame": still(self._desk, self._asked.at), "place": "events", "trouble": error}
            return [region(self._desk, self._asked.at, name, values) for name in AROUND]

    async def _look(self) -> list[Piece]:
        if self._of:
            self._desk.herd.queue(self._of)
        choice = choice_of(self._asked.params)
        values = await _values(self._desk, still(self._desk, self._asked.at), choice, self._of)
        names = [name for name in REGIONS if not (choice.upto and name[1] == "feed")]
        return [region(self._desk, self._asked.at, name, values) for name in (*names, AROUND[0])]


def routes(base: str) -> list[Route]:
    return [
        RawRoute(f"{base}/events", show, needs=Permission.VIEW, costs=Cost.HEAVY),
        RawRoute(base + QUEUE + "/events", show, needs=Permission.VIEW, costs=Cost.HEAVY),
    ]
