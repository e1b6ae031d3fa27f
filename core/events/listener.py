"""Listens to all Bull queues of an instance on one connection, and keeps their stories."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any

from redis.exceptions import RedisError, ResponseError

from core.clock import steady
from core.errors import Unavailable
from core.events.bull import BullStory, Message, heard
from core.instance import Instance, pack

# Messages that arrive within this time (seconds) are taken together, so that their jobs are asked for in one go.
GATHER = 0.001
# More messages than this waiting for us mean that we cannot keep up; they are dropped, and that is counted as a gap.
MOST_MESSAGES = 100_000
# How many messages to read before others have their turn.
AT_ONCE = 500
TRY_AGAIN = 1.0
REFUSED_TRY_AGAIN = 60.0
_GLOB = re.compile(rb"([*?\[\]\\])")

log = logging.getLogger("tickbird.core.events")

Listen = Callable[[bytes, Message], None]


class Listener:
    """`story` gives the story of a queue by its base key, and None for what is no queue of ours. `verbatim`: messages
    are kept as they came, for those who watch."""

    def __init__(self, instance: Instance, story: Callable[[bytes], BullStory | None], listen: Listen) -> None:
        self._instance = instance
        self._story = story
        self._listen = listen
        self._prefixes: frozenset[bytes] = frozenset()
        self._changed = asyncio.Event()
        self._messages: list[tuple[bytes, Message]] = []
        self._arrived = asyncio.Event()
        self._lost = False
        self.refused = ""
        self.verbatim: Callable[[], bool] = lambda: False

    def want(self, prefixes: Collection[bytes]) -> None:
        """The prefixes under which Bull queues are: what lies under these is listened to from now on."""
        if not self._prefixes.issuperset(prefixes):
            self._prefixes = self._prefixes.union(prefixes)
            self._changed.set()

    async def run(self, lost: Callable[[], None]) -> None:
        """Listen until cancelled; `lost` is told when messages may have been missed."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._listen_on(lost))
            tasks.create_task(self._take_on(lost))

    async def _listen_on(self, lost: Callable[[], None]) -> None:
        await self._changed.wait()
        while True:
            try:
                await self._subscribed()
            except ResponseError as refusal:
                self.refused = str(refusal)
                await asyncio.sleep(REFUSED_TRY_AGAIN)
            except (OSError, RedisError):
                await asyncio.sleep(TRY_AGAIN)
            except Exception:  # the same as below
                log.exception("listening to Bull's messages from %s failed", self._instance.name)
                await asyncio.sleep(TRY_AGAIN)
            lost()

    async def _subscribed(self) -> None:
        """One connection, for as long as it lasts; a new one for every new prefix would lose what comes between."""
        connection = await self._instance.connection()
        try:
            await connection.connect()  # type: ignore[no-untyped-call] # redis-py's
            subscribing = asyncio.create_task(self._subscribe_on(connection))
            try:
                await self._read(connection)
            finally:
                subscribing.cancel()
        finally:
            await connection.disconnect(nowait=True)

    async def _subscribe_on(self, connection: Any) -> None:
        known: frozenset[bytes] = frozenset()
        while True:
            self._changed.clear()
            patterns = [_GLOB.sub(rb"\\\1", prefix) + b":*" for prefix in sorted(self._prefixes - known)]
            if patterns:
                await connection.send_packed_command([pack(b"PSUBSCRIBE", *patterns)])
            known = self._prefixes
            await self._changed.wait()

    async def _read(self, connection: Any) -> None:
        taken = 0
        while True:
            kind, *rest = await connection.read_response(disable_decoding=True)
            if kind == b"psubscribe":
                self.refused = ""
            elif kind == b"pmessage":
                self._keep(rest[1], rest[2])
            taken += 1
            if taken % AT_ONCE == 0:
                await asyncio.sleep(0)

    def _keep(self, channel: bytes, data: bytes) -> None:
        found = heard(channel, data, steady())
        if found is None:
            return
        base, message = found
        if len(self._messages) >= MOST_MESSAGES:
            self._messages.clear()
            self._lost = True
        self._messages.append((base, replace(message, told=data) if self.verbatim() else message))
        self._arrived.set()

    async def _take_on(self, lost: Callable[[], None]) -> None:
        while True:
            await self._arrived.wait()
            await asyncio.sleep(GATHER)
            self._arrived.clear()
            messages, self._messages = self._messages, []
            if self._lost:
                self._lost = False
                lost()
            try:
                await self._take(messages)
            except Exception:  # a fault of ours must not end the listening; the log says what happened
                log.exception("taking in Bull's messages from %s failed", self._instance.name)

    async def _take(self, messages: list[tuple[bytes, Message]]) -> None:
        by_queue: dict[bytes, list[Message]] = {}
        for base, message in messages:
            by_queue.setdefault(base, []).append(message)
        told = {base: (story, said) for base, said in by_queue.items() if (story := self._story(base)) is not None}
        await self._introduce({base: story.strangers(said) for base, (story, said) in told.items()})
        for base, (story, said) in told.items():
            for message in said:  # before the story goes on: it forgets who has finished
                self._listen(base, message)
            story.take(said)

    async def _introduce(self, strangers: dict[bytes, list[bytes]]) -> None:
        """Ask who these jobs are. Where Redis does not say, they stay without a name."""
        asked = [(base, job_id) for base, jobs in strangers.items() for job_id in jobs]
        questions = [pack(b"HMGET", base + job_id, b"name", b"attemptsMade") for base, job_id in asked]
        try:
            answers = await self._instance.read(questions)
        except Unavailable:
            return
        for (base, job_id), answer in zip(asked, answers, strict=True):
            story = self._story(base)
            if story is not None:
                story.introduce({job_id: answer})
