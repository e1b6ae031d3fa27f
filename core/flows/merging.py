"""One page of flows in flight out of what several instances have, none of them passed over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.flows.flights import read_flights
from core.flows.flow import FlightPage, InFlight
from core.flows.in_flight import Found, Place, encode, oldest, parts
from core.flows.lens import Lens
from core.job import Covered
from core.model import Queue

# Jobs are passed over that belong to larger flows; for one page no more than so many are looked at.
MOST_SIFTED = 2_000
AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Wanted:
    """A page of `limit` flows behind `after`: their tops, or `all_parents` in them."""

    limit: int = 50
    after: Place | None = None
    all_parents: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """What one instance has of a page. `stop`: up to there everything was looked at, and there is more."""

    flights: tuple[tuple[Place, InFlight], ...] = ()
    stop: Place | None = None
    trouble: str = ""


async def read_part(lens: Lens, queues: Sequence[Queue], wanted: Wanted) -> Part:
    """The first flows of one instance's queues."""
    chosen: list[tuple[Found, bool]] = []
    at, looked, more = wanted.after, 0, True
    while more and len(chosen) <= wanted.limit and looked < MOST_SIFTED:
        size = wanted.limit + 1 if wanted.all_parents else AT_ONCE
        found = await oldest(lens, queues, size, at)
        are_parts = await parts(lens, [each.spot for each in found])
        chosen += [pair for pair in zip(found, are_parts, strict=True) if wanted.all_parents or not pair[1]]
        more, looked = len(found) == size, looked + len(found)
        at = found[-1].place if found else at
    kept = chosen[: wanted.limit]
    flights = tuple(await read_flights(lens, kept))
    if len(chosen) > wanted.limit:
        return Part(flights, kept[-1][0].place)
    return Part(flights, at if more else None)


def merged(answers: Sequence[Part], limit: int, total: int, without: int) -> FlightPage:
    """The page. What lies behind the place up to which some instance was looked through comes with a later one."""
    found = sorted((each for part in answers for each in part.flights), key=lambda each: each[0])
    stops = [part.stop for part in answers if part.stop is not None]
    shown = [each for each in found if not stops or each[0] <= min(stops)][:limit]
    end = shown[-1][0] if len(shown) == limit else min(stops, default=None)
    more = len(shown) < len(found) or bool(stops)
    return FlightPage(
        flights=tuple(flight for _, flight in shown),
        next=encode(end) if more and end is not None else None,
        covered=Covered(len(shown), total),
        trouble=tuple(part.trouble for part in answers if part.trouble),
        without=without,
    )
