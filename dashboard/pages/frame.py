"""What every page carries around its own matter: where it is, how old its data are, and what is wrong at large."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from core.access.asker import asker
from core.clock import skewed
from core.model import Health
from core.snapshot import Reading, Snapshot
from dashboard import notices
from dashboard.board import Piece
from dashboard.desk import Desk
from dashboard.notices import Notice
from dashboard.urls import sent_path
from dashboard.words import now, several

# BullMQ and Bull lose jobs under any other policy once memory is full.
SAFE_POLICY = "noeviction"
LAYOUT = "layouts/base.html"
SET_CLOCKS = "Let both machines keep their time by NTP."


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that is wrong at large. `since` is an instant where it is known; `show` a view that lists it."""

    kind: Literal["bad", "warn"]
    text: str
    hint: str = ""
    since: int | None = None
    show: str = ""


@dataclass(frozen=True, slots=True)
class Frame:
    """One page as it is asked for: `at` is its path and query in the browser, `stream` what its stream asks."""

    at: str
    now: int
    snapshot: Snapshot
    read_only: bool
    notice: Notice | None = None
    stream: str = ""

    @property
    def readings(self) -> tuple[Reading, ...]:
        return self.snapshot.readings

    @property
    def read_at(self) -> int | None:
        """The instant of the oldest reading; None while any instance was never read."""
        instants = [reading.taken_at for reading in self.readings]
        return min((at for at in instants if at is not None), default=None) if None not in instants else None

    @property
    def away(self) -> tuple[Reading, ...]:
        return tuple(reading for reading in self.readings if reading.down_since is not None)

    @property
    def commands_per_minute(self) -> float:
        return sum(reading.commands_per_minute for reading in self.readings)

    def troubles(self, *, on_overview: bool = False) -> list[Trouble]:
        """What is wrong at large, worst first."""
        found = [_away(reading) for reading in self.away]
        found += [trouble for reading in self.readings if (trouble := _evicting(reading))]
        found += [Trouble("warn", why, SET_CLOCKS) for reading in self.readings if (why := _skewed(reading))]
        unattended = sum(queue.verdict.health is Health.UNATTENDED for queue in self.snapshot.queues)
        if unattended and not on_overview:
            have = "queue has" if unattended == 1 else "queues have"
            found.append(Trouble("warn", f"{unattended:,} {have} work and nobody to do it.", show="attention"))
        return found

    def streaming(self, rows: str, mark: str) -> Frame:
        """The same frame, whose page goes on by a stream from `mark`, showing these rows."""
        return replace(self, stream=f"at={quote(self.at, safe='')}&rows={quote(rows)}&since={mark}")


def frame(desk: Desk, request: Request) -> Frame:
    """The frame of the page that is asked for."""
    query = request.scope["query_string"].decode("latin-1")
    at = sent_path(request.scope) + (f"?{query}" if query else "")
    return replace(still(desk, at), notice=notices.find(request))


def still(desk: Desk, at: str) -> Frame:
    """The frame of the page at that address, where nobody asked for it by a request of its own."""
    return Frame(at, now(), desk.herd.snapshot(), desk.settings.read_only or asker().only_looks)


def answer(desk: Desk, request: Request, template: str, values: dict[str, object], status: int = 200) -> Response:
    """The page as a response. A notice that it shows is gone with it."""
    response = desk.rendering.page(template, values, status)
    if notices.COOKIE in request.cookies:
        notices.clear(response, sent_path(request.scope))
    return response


def region(desk: Desk, at: str, name: tuple[str, str], values: Mapping[str, Any]) -> Piece:
    """One region of the page at that address, by its template and block: an element whose id is the block's name."""
    template, block = name
    return desk.board.region(at, block, desk.rendering.block(template, block, values))


def _away(reading: Reading) -> Trouble:
    trouble = reading.trouble or f"Redis {reading.instance} cannot be read."
    if reading.taken_at is None:
        return Trouble("bad", trouble, "It has not answered since Tickbird started.", reading.down_since)
    return Trouble("bad", trouble, "What you see of it is as old as it says below.", reading.down_since)


def _skewed(reading: Reading) -> str:
    return skewed(f"The clock of Redis {reading.instance}", reading.redis.skew) if reading.redis else ""


def _evicting(reading: Reading) -> Trouble | None:
    facts = reading.redis
    if facts is None or not facts.evicted_keys or facts.policy in (None, SAFE_POLICY):
        return None
    gone = several(facts.evicted_keys, "key")
    hint = f"Its maxmemory-policy is {facts.policy}; queues need {SAFE_POLICY}."
    return Trouble("bad", f"Redis {reading.instance} has evicted {gone}: jobs may be gone.", hint)
