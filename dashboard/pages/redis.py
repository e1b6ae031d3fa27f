"""How each Redis is: memory and when it is full, safety, what holds how much, our slow commands, and what we cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.model import QueueId
from core.permission import Permission
from core.redis_health.concerns import TOO_LONG, Untrimmed
from core.redis_health.front import Held, Standing
from core.redis_health.holdings import Holding
from dashboard.board import Piece
from dashboard.budgets import Cost
from dashboard.desk import Desk, desk_of
from dashboard.pages.frame import LAYOUT, Frame, answer, frame, region, still
from dashboard.pages.watching import Asked
from dashboard.urls import RawRoute, queue_page

TEMPLATE = "pages/redis.html"
REGIONS = ((TEMPLATE, "standings"), (TEMPLATE, "held"), (LAYOUT, "banner"), (LAYOUT, "foot"))
# Queues of one instance on the page; the JSON has all that were measured.
MOST_ROWS = 20
MOST_SLOW = 10
YEAR = 365 * 86_400_000


@dataclass(frozen=True, slots=True)
class Card:
    """An instance as the page shows it."""

    standing: Standing

    @property
    def memory(self) -> tuple[int, int | None]:
        """Bytes that all its servers use, and may use; None where one has no limit."""
        used = sum(server.memory_used or 0 for server in self.standing.servers)
        limits = [server.memory_max for server in self.standing.servers]
        return used, sum(limit or 0 for limit in limits) if limits and all(limits) else None

    @property
    def per_minute(self) -> int | None:
        """Bytes by which memory grows in a minute."""
        slope = self.standing.slope.per_minute
        return None if slope is None else round(slope)

    @property
    def share(self) -> float | None:
        """Of all commands, ours, of a hundred; None where Redis does not tell of its own."""
        all_of_them = sum(server.per_second or 0 for server in self.standing.servers) * 60
        return min(100.0, 100 * self.standing.cost.per_minute / all_of_them) if all_of_them else None

    @property
    def within_a_year(self) -> bool:
        return self.standing.full_in is not None and self.standing.full_in < YEAR


@dataclass(frozen=True, slots=True)
class Line:
    """One queue's share of a Redis."""

    holding: Holding
    href: str
    share: float | None

    @property
    def events_too_long(self) -> bool:
        most, length = self.holding.max_events, self.holding.events
        return bool(most and length and length > TOO_LONG * most)


def routes(base: str) -> list[Route]:
    """The page."""
    return [RawRoute(f"{base}/redis", show, needs=Permission.VIEW, costs=Cost.HEAVY)]


async def show(request: Request) -> Response:
    """The page."""
    desk = desk_of(request)
    desk.herd.glance()
    values = await _values(desk, frame(desk, request))
    values["frame"] = values["frame"].streaming("", desk.board.mark)
    return answer(desk, request, TEMPLATE, values)


async def _values(desk: Desk, around: Frame) -> dict[str, Any]:
    standings, held = await desk.herd.redis_health.look(), await desk.herd.redis_health.held()
    used = {standing.instance: Card(standing).memory[0] for standing in standings}
    return {
        "frame": around,
        "place": "redis",
        "cards": [Card(standing) for standing in standings],
        "held": [(each, _lines(desk, each, used.get(each.instance, 0)), _untrimmed(desk, each)) for each in held],
        "most_rows": MOST_ROWS,
        "most_slow": MOST_SLOW,
        "many": len(standings) > 1,
    }


def _lines(desk: Desk, held: Held, used: int) -> list[Line]:
    found = []
    for holding in held.holdings.held[:MOST_ROWS]:
        share = min(100.0, 100 * holding.total_bytes / used) if used else None
        found.append(Line(holding, _page(desk, holding.queue), share))
    return found


def _untrimmed(desk: Desk, held: Held) -> list[tuple[Untrimmed, str]]:
    return [(each, f"{_page(desk, each.queue)}?state={each.state}") for each in held.untrimmed[:MOST_ROWS]]


def _page(desk: Desk, queue: QueueId) -> str:
    return queue_page(desk.base, queue)


class Watch:
    """The page as one tab keeps looking at it."""

    def __init__(self, desk: Desk, asked: Asked) -> None:
        self._desk, self._asked = desk, asked

    async def look(self) -> list[Piece]:
        """Every piece of the page as it is now."""
        return await self._desk.shared.get(("redis page", self._asked.at), self._look)

    async def _look(self) -> list[Piece]:
        values = await _values(self._desk, still(self._desk, self._asked.at))
        return [region(self._desk, self._asked.at, name, values) for name in REGIONS]
