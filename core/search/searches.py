"""The searches that are there: few at once, of bounded size and life, each known by an id that only its asker has."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from core.access.asker import ITSELF, Scope, asker
from core.errors import Conflict, NotFound, RateLimited
from core.query.parser import parse
from core.search.pace import Pace
from core.search.places import Place
from core.search.run import Run
from core.search.search import OVER, Search, Status, Wish
from core.sight import Sight

# They share one turn on each Redis: more would only be slower each.
MOST_RUNNING = 4
# Of one who is known by name: two more are always left for the others.
MOST_OF_ONE = 2
# And so many are remembered, for so long after somebody last looked (seconds).
MOST_KEPT = 40
MOST_KEPT_OF_ONE = 10
LIFE = 600.0
# Who asks the same words again within so many seconds sees the same search; later, a new one.
SAME = 300.0


@dataclass(frozen=True, slots=True)
class _Begun:
    """A search, and whose it is: by what is there for them, and by name, which is empty where nobody logs in."""

    scope: Scope
    name: str
    run: Run


class Searches:
    """What pages and API ask for. A search goes on while somebody looks at it, and holds when nobody does."""

    def __init__(self, sight: Sight, paces: Mapping[str, Pace]) -> None:
        self._sight, self._paces = sight, paces
        self._runs: dict[str, _Begun] = {}
        # Those that were dropped while they waited for Redis.
        self._ending: set[asyncio.Task[None]] = set()

    def start(self, wish: Wish) -> Search:
        """Begin. Raises Unreadable for words that are no query, NotFound, and RateLimited where too many run."""
        query = parse(wish.said)
        for id in wish.queues or ():
            self._sight.queue(id)
        return self._begun(Run(secrets.token_urlsafe(12), wish, query, self._sight, self._paces))

    def same(self, wish: Wish) -> Search:
        """The search for the same that somebody of the same sight began a moment ago; else a new one. Raises as
        `start` does."""
        for begun in reversed(self._runs.values()):
            run = begun.run
            fresh = run.status is not Status.CANCELLED and time.monotonic() - run.begun < SAME
            if run.wish == wish and begun.scope == asker().scope and fresh:
                return self.get(run.id)
        return self.start(wish)

    def get(self, id: str) -> Search:
        """How it stands; to ask is to look. Raises NotFound."""
        run = self._run(id)
        run.watched = time.monotonic()
        if run.status is Status.UNWATCHED and not self._crowd(self._runs[id].name):
            run.begin()
        return run.picture()

    async def settled(self, id: str, patience: float) -> Search:
        """How it stands when it has ended or so many seconds are over: what is quickly found is there at once."""
        task = self._run(id).task
        if task is not None and not task.done():
            await asyncio.wait([task], timeout=patience)
        return self.get(id)

    def pause(self, id: str) -> Search:
        """Hold it. Raises Conflict where it is over."""
        run = self._open(id)
        run.hold(Status.PAUSED)
        return run.picture()

    def resume(self, id: str) -> Search:
        """Go on from where it held, or where Redis was away. Raises Conflict where it is over, RateLimited where
        too many run."""
        run = self._open(id)
        if run.status is not Status.RUNNING:
            self._check_room(self._runs[id].name)
            run.begin()
        return self.get(id)

    def cancel(self, id: str) -> Search:
        """End it; what was found stays for a while."""
        run = self._run(id)
        if run.status not in OVER:
            run.hold(Status.CANCELLED)
        return run.picture()

    def older(self, id: str) -> Search:
        """A new search that goes on behind a full one. Raises Conflict where there is nothing behind it."""
        run = self._run(id)
        if run.status is not Status.FULL:
            raise Conflict("This search has not found as many jobs as it may hold.", "Let it go on, or resume it.")
        left = [Place(p.queue, p.state, p.total - p.looked_at, 0, p.cursor) for p in run.places or () if not p.over]
        wish = replace(run.wish, behind=id)
        new = Run(secrets.token_urlsafe(12), wish, run.query, self._sight, self._paces, left, queues=run.queues)
        new.seen = set(run.seen)
        return self._begun(new)

    async def stop(self) -> None:
        """End all that run."""
        for id in list(self._runs):
            self._drop(id)
        await asyncio.gather(*self._ending, return_exceptions=True)

    def _begun(self, run: Run) -> Search:
        begun = _Begun(asker().scope, _name(), run)
        self._forget(begun.name)
        self._check_room(begun.name)
        self._runs[run.id] = begun
        run.begin()
        return run.picture()

    def _run(self, id: str) -> Run:
        begun = self._runs.get(id)
        if begun is None or begun.scope != asker().scope:
            minutes = int(LIFE // 60)
            raise NotFound("There is no such search (any more).", f"One is kept for {minutes} minutes unwatched.")
        return begun.run

    def _open(self, id: str) -> Run:
        run = self._run(id)
        if run.status in OVER:
            raise Conflict(f"This search is {run.status}: it does not go on.", "Begin a new one.")
        return run

    def _crowd(self, name: str) -> str:
        """Who is in the way of one more search of theirs; empty where nobody is."""
        running = [begun.name for begun in self._runs.values() if begun.run.status is Status.RUNNING]
        if len(running) >= MOST_RUNNING:
            return f"{MOST_RUNNING} searches"
        return f"{MOST_OF_ONE} searches of {name[:100]!r}" if name and running.count(name) >= MOST_OF_ONE else ""

    def _check_room(self, name: str) -> None:
        if crowd := self._crowd(name):
            raise RateLimited(f"{crowd} are under way.", "Wait until one is done, pause or cancel one.")

    def _forget(self, name: str) -> None:
        """The longest unwatched go first, but none that runs; who has many loses their own before anybody else's."""
        mine = _spare(begun.run for begun in self._runs.values() if name and begun.name == name)
        for run in mine[: max(0, self._kept_by(name) - MOST_KEPT_OF_ONE + 1)]:
            self._drop(run.id)
        spare = _spare(begun.run for begun in self._runs.values())
        old = time.monotonic() - LIFE
        beyond = max(0, len(self._runs) - MOST_KEPT + 1)
        for run in [*spare[:beyond], *(run for run in spare[beyond:] if run.watched < old)]:
            self._drop(run.id)

    def _drop(self, id: str) -> None:
        """Remember it no longer; one that was cancelled a moment ago may still wait for an answer of Redis."""
        task = self._runs.pop(id).run.task
        if task is not None and not task.done():
            task.cancel()
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)

    def _kept_by(self, name: str) -> int:
        return sum(begun.name == name for begun in self._runs.values()) if name else 0


def _spare(runs: Iterable[Run]) -> list[Run]:
    return sorted((run for run in runs if run.status is not Status.RUNNING), key=lambda run: run.watched)


def _name() -> str:
    return "" if asker() is ITSELF else asker().name
