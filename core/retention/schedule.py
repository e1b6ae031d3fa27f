"""Follows the retention rules: each at its time, as a recorded operation, by one of the Tickbirds on a store."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress

from core.errors import Conflict, NotFound, TickbirdError, Unavailable
from core.model import QueueId
from core.operations.operation import LIVE, Operation
from core.operations.registry import Operations
from core.operations.run import INTERRUPTED
from core.retention.rules import Rule
from core.store.contract import Record, Shelf, Store

log = logging.getLogger("tickbird.retention")
# When each rule was last followed, so that a restart does not begin all of them at once.
FOLLOWED = Shelf("retention", ("rule",), most=1000, bytes=4 * 1024 * 1024)
# How often it is seen whether a rule's time has come, and how long the schedule belongs to a process that no longer
# says so.
TICK = 1.0
LEASE = 10_000
# None begins sooner after the start (seconds): its queues are to be found first, and who made a mistake has a moment to
# notice.
FIRST = 60.0


class Schedule:
    """`known` lists every queue that there is now."""

    def __init__(
        self, rules: Sequence[Rule], operations: Operations, known: Callable[[], Iterable[QueueId]], store: Store
    ) -> None:
        self._rules, self._operations, self._known, self._store = rules, operations, known, store
        # Tickbirds of other rules may share the store.
        self._lease, self._holder = f"retention-{_digest(*(rule.sentence for rule in rules))}", secrets.token_hex(8)
        self._begun = _now()
        self._said: dict[str, str] = {}
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Follow them from now on, in the background."""
        if self._rules:
            self._task = asyncio.create_task(self._run())

    async def tick(self) -> None:
        """Begin those whose time has come, if it is this process that does. Raises Unavailable without a store."""
        if _now() < self._begun + FIRST * 1000 or not await self._store.take(self._lease, self._holder, LEASE):
            return
        keys = {_digest(rule.sentence): rule for rule in self._rules}
        followed = await self._store.read(FOLLOWED, keys)
        for key, rule in keys.items():
            if key not in followed or _now() >= followed[key].at + rule.every:
                await self._operations.look()
                await self._store.put(FOLLOWED, Record(key, _now(), {"rule": "1"}), held=True)
                await self._follow(rule)

    async def stop(self) -> None:
        """Begin none any more, and let another do it."""
        if self._task is None:
            return
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        with suppress(Unavailable):  # then the lease runs out by itself
            await self._store.release(self._lease, self._holder)

    async def _run(self) -> None:
        while True:
            with suppress(Unavailable):  # without a store nobody knows whether another does it already
                await self.tick()
            await asyncio.sleep(TICK)

    async def _follow(self, rule: Rule) -> None:
        queues = tuple(id for id in self._known() if rule.matches(id))
        if not queues or self._is_under_way(rule):
            return
        try:
            await self._operations.start_if_any(rule.request(queues))
        except TickbirdError as refused:
            self._say(rule, str(refused))
        else:
            self._say(rule, "")

    def _is_under_way(self, rule: Rule) -> bool:
        """Whether the one before still runs; one that a restart cut short is cancelled, for this one does the rest."""
        live = [seen for seen in self._operations.list() if seen.status in LIVE and _is_of(seen, rule)]
        for seen in live:
            if seen.trouble == INTERRUPTED:
                with suppress(Conflict, NotFound):  # it is over or forgotten meanwhile
                    self._operations.cancel(seen.id)
        return any(seen.trouble != INTERRUPTED for seen in live)

    def _say(self, rule: Rule, trouble: str) -> None:
        """Once, however often it is so."""
        if trouble and self._said.get(rule.sentence) != trouble:
            log.warning("%s Not done: %s", rule.sentence, trouble)
        self._said[rule.sentence] = trouble


def _is_of(seen: Operation, rule: Rule) -> bool:
    return seen.request.ruled and seen.request.reason == rule.sentence


def _digest(*sentences: str) -> str:
    return hashlib.sha256("\n".join(sentences).encode("utf-8", "surrogateescape")).hexdigest()[:24]


def _now() -> int:
    return time.time_ns() // 1_000_000
