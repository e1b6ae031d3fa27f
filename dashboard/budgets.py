"""How much one person, or one program, may ask for: so many at once and so many a minute, and so many at once of all.

Who asks is known by their name alone, never by an address. Where nobody logs in there are no persons to tell apart,
and only what holds for all holds.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum

from core.access.asker import Asker, asker, asking
from core.errors import RateLimited
from core.settings import Settings

Clock = Callable[[], float]
# Whoever has asked for nothing for this long (seconds) has all their room back, and need not be remembered.
FORGOTTEN = 120.0
# More names than this are not known to any settings; those of a proxy may be many.
MOST_NAMES = 10_000
MINUTE = 60.0
# What is said to who finds no place; a place is often free again within a second.
SOON = 1
# Requests of all together and, of these, of one person: each waits for Redis for less than a second.
MOST_READS, MOST_READS_OF_ONE = 400, 100
# What one process bears of each kind: some 20 KB for a tab, and a few reads under way for what is costly.
MOST_HEAVY = 48
MOST_TABS = 500
MOST_FEEDS = 50
# Nobody needs more; each is a record, and a line in the audit log.
LOGINS = 20


class Cost(StrEnum):
    """What a route asks of Tickbird and of Redis, by kind: each kind has a budget of its own."""

    READ = "read"
    HEAVY = "heavy"
    TAB = "tab"
    FEED = "feed"
    LOGIN = "login"


@dataclass(frozen=True, slots=True)
class Budget:
    """So many at once of one person and of all, and so many a minute of one person; 0: any number of one person.
    `what` is what they are, in words, and `instead` what may be done when it is spent."""

    what: str
    at_once: int
    in_all: int
    a_minute: int
    instead: str


@dataclass(slots=True)
class _Account:
    """What one name has open, and how many of a minute's share were left at an instant."""

    left: float
    since: float
    open: int = 0


@dataclass(slots=True)
class Budgets:
    """Of one dashboard. Everything happens in its event loop, so that looking and taking are one step."""

    of: Mapping[Cost, Budget]
    clock: Clock = time.monotonic
    _open: dict[Cost, int] = field(default_factory=dict)
    _accounts: dict[tuple[Cost, str], _Account] = field(default_factory=dict)

    @contextmanager
    def spend(self, cost: Cost) -> Iterator[None]:
        """Take a place for as long as this lasts. RateLimited where none is free, or a minute's share is gone."""
        budget, name = self.of[cost], asker().name
        if self._open.get(cost, 0) >= budget.in_all:
            everything = f"{budget.in_all:,} {budget.what} are under way for everybody together."
            raise RateLimited(everything, budget.instead, retry_after=SOON)
        account = self._charged(cost, name) if name else None
        self._open[cost] = self._open.get(cost, 0) + 1
        try:
            yield
        finally:
            self._open[cost] -= 1
            if account is not None:
                account.open -= 1

    def charge_login(self, name: str) -> None:
        """Take one from what a name may log in a minute, once it is known that it is theirs. Raises RateLimited."""
        with asking(Asker(name)), self.spend(Cost.LOGIN):
            pass

    def open(self, cost: Cost) -> int:
        """How many are under way, of everybody."""
        return self._open.get(cost, 0)

    def _charged(self, cost: Cost, name: str) -> _Account:
        budget, account = self.of[cost], self._account(cost, name)
        if budget.at_once and account.open >= budget.at_once:
            mine = f"{budget.at_once:,} {budget.what} of {name[:100]!r} are under way."
            raise RateLimited(mine, budget.instead, retry_after=SOON)
        if budget.a_minute and account.left < 1:
            wait = math.ceil((1 - account.left) * MINUTE / budget.a_minute)
            spent = f"{name[:100]!r} has asked for {budget.a_minute:,} {budget.what} within a minute."
            raise RateLimited(spent, f"Try again in {wait} s.", retry_after=wait)
        account.left -= 1
        account.open += 1
        return account

    def _account(self, cost: Cost, name: str) -> _Account:
        """That of the name, with what has come back to it since it was last charged."""
        now, most = self.clock(), self.of[cost].a_minute
        account = self._accounts.get((cost, name))
        if account is None:
            self._forget(now)
            account = self._accounts[cost, name] = _Account(float(most), now)
        account.left = min(float(most), account.left + (now - account.since) * most / MINUTE)
        account.since = now
        return account

    def _forget(self, now: float) -> None:
        if len(self._accounts) < MOST_NAMES:
            return
        kept = {key: one for key, one in self._accounts.items() if one.open or now - one.since < FORGOTTEN}
        self._accounts = kept


def budgets(settings: Settings, clock: Clock = time.monotonic) -> Budgets:
    """Those that the settings give, within what one process bears."""
    wait = "Try again in a moment."
    ask = "This one asks every few seconds instead of being told."
    reads = Budget("requests", MOST_READS_OF_ONE, MOST_READS, settings.limits_requests, wait)
    heavy = Budget("costly requests", settings.limits_heavy_at_once, MOST_HEAVY, settings.limits_heavy, wait)
    tabs = Budget("open tabs", settings.limits_tabs, MOST_TABS, 0, ask)
    feeds = Budget("streams of events", settings.limits_feeds, MOST_FEEDS, 0, "End one of them.")
    logins = Budget("logins", 0, MOST_READS, LOGINS, wait)
    costs = {Cost.READ: reads, Cost.HEAVY: heavy, Cost.TAB: tabs, Cost.FEED: feeds, Cost.LOGIN: logins}
    return Budgets(costs, clock)
