"""The box of a queue's page: its query as chips, each with a link that takes it away, and the views that are saved."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from core.access.asker import asker
from core.errors import Unavailable
from core.model import Queue
from core.query.parser import parse
from core.query.words import Mark, Unreadable, words
from core.views.view import BUILT_IN, View
from core.views.views import LONGEST_NAME, may_share
from dashboard.desk import Desk
from dashboard.pages.job_list import Choice
from dashboard.urls import queue_href, queue_page


@dataclass(frozen=True, slots=True)
class Chip:
    """A part of the query as it was written, and where one gets without it."""

    text: str
    href: str


@dataclass(frozen=True, slots=True)
class Link:
    """A saved view of this queue; `here`: it is what is shown."""

    view: View
    href: str
    here: bool


@dataclass(frozen=True, slots=True)
class Box:
    """`either`: one of the chips must fit, not all. `words`: where completion finds its words. `trouble` says why no
    views are here but those that always are. `shares`: what is saved here can be for everybody; `owns`: or for who asks
    alone."""

    chips: tuple[Chip, ...]
    either: bool
    words: str
    links: tuple[Link, ...]
    manage: str
    saves: bool
    trouble: str = ""
    longest_name: int = LONGEST_NAME
    shares: bool = True
    owns: bool = False


async def box(desk: Desk, queue: Queue, choice: Choice) -> Box:
    """The box of this queue's page, as it is asked for."""
    page = queue_page(desk.base, queue.id)
    chips, either = chips_of(choice.q, lambda q: page + choice.changed(q=q))
    views, trouble = await _views(desk)
    links = [_link(page, view, choice) for view in views if view.state in queue.counts]
    known = any(link.here for link in links)
    return Box(
        chips,
        either,
        f"{queue_href(desk.base, queue.id)}/vocabulary?state={choice.state}",
        tuple(links),
        f"{desk.base}/views",
        bool(chips) and not known and not trouble and not desk.settings.read_only,
        trouble,
        shares=may_share(),
        owns=bool(asker().name),
    )


async def _views(desk: Desk) -> tuple[tuple[View, ...], str]:
    try:
        return await desk.herd.views.list(), ""
    except Unavailable as away:
        return BUILT_IN, away.message


def _link(page: str, view: View, choice: Choice) -> Link:
    there = Choice(view.state, q=view.q)
    return Link(view, page + there.changed(), (choice.state, choice.q) == (view.state, view.q))


def chips_of(q: str, href: Callable[[str], str]) -> tuple[tuple[Chip, ...], bool]:
    """The query's parts, and whether they are alternatives; none of a query that is empty or cannot be read."""
    try:
        parse(q)
        sides = _sides(q)
    except Unreadable:
        return (), False
    either = len(sides) > 1
    parts, between = ([" ".join(side) for side in sides], " OR ") if either else (sides[0], " ")
    rest = (between.join(other for at, other in enumerate(parts) if at != here) for here in range(len(parts)))
    return tuple(Chip(part, href(left)) for part, left in zip(parts, rest, strict=True)), either


def _sides(q: str) -> list[list[str]]:
    """The parts on each side of every `OR` that stands in no bracket, as they are written."""
    sides: list[list[str]] = [[]]
    for start, end in _spans(q):
        part = q[start:end].strip()
        if part == Mark.OR.value:
            sides.append([])
        elif part:
            sides[-1].append(part)
    return sides


def _spans(q: str) -> Iterator[tuple[int, int]]:
    """Where each term or bracket begins and ends; a minus belongs to what it turns round."""
    start, depth, negated = 0, 0, False
    for word in words(q):
        if depth == 0 and not negated and word.is_ is not Mark.CLOSE:
            yield start, word.at
            start = word.at
        depth += (word.is_ is Mark.OPEN) - (word.is_ is Mark.CLOSE)
        negated = word.is_ is Mark.NOT
    yield start, len(q)
