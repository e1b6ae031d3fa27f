"""A few jobs that go first: the others follow only if these complete.

A job that its library removes once it has completed is taken for completed, where its options say that failed ones
stay. What vanishes otherwise passes for nothing: nobody can tell how it ended.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace

from core.access.asker import ITSELF, asking
from core.dialects.contract import contract
from core.errors import TickbirdError
from core.ground import Ground
from core.instance import Instance, pack
from core.model import Queue, QueueId, State
from core.redaction.fields import cleaned
from core.redaction.redaction import NOTHING_HIDDEN, Redaction
from core.text import raw_bytes, text

# How often they are looked at (seconds), and how much of a reason is kept (bytes).
EVERY = 0.25
REASON = 300
# Options longer than this are not looked into.
_OPTIONS = 65_536
ON_ITS_WAY = "on its way"
GONE = "gone"
_ENDED = (State.COMPLETED.value, State.FAILED.value, GONE)


@dataclass(frozen=True, slots=True)
class Bird:
    """One of the first: `state` is "completed", "failed", "gone" or "on its way", `reason` why it failed. `vanishes`:
    its library removes it once it has completed, and only then."""

    queue: QueueId
    id: str
    state: str = ON_ITS_WAY
    reason: str = ""
    vanishes: bool = False

    @property
    def ended(self) -> bool:
        return self.state in _ENDED


@dataclass(slots=True)
class Canary:
    """`wanted` jobs go first and have `wait` ms to complete; `passed` once nothing is held back any more."""

    wanted: int
    wait: int
    passed: bool = False
    birds: tuple[Bird, ...] = ()
    redaction: Callable[[QueueId], Redaction] = field(default=lambda _id: NOTHING_HIDDEN)
    _vanishing: frozenset[bytes] = frozenset()

    @property
    def is_full(self) -> bool:
        """Whether they are all on their way, and the others wait for them."""
        return not self.passed and len(self.birds) >= self.wanted

    def room(self, size: int) -> int:
        """How many may be acted on now."""
        return size if self.passed else min(size, self.wanted - len(self.birds))

    async def learn(self, instance: Instance, queue: Queue, ids: Sequence[bytes]) -> None:
        """Which of these vanish when they complete: that has to be known before they run. Raises Unavailable."""
        if self.passed:
            return
        jobs = [queue.id.base + id for id in ids]
        sizes = await instance.read([pack(b"HSTRLEN", job, b"opts") for job in jobs])
        fitting = [id for id, size in zip(ids, sizes, strict=True) if (size or 0) <= _OPTIONS]
        options = await instance.read([pack(b"HGET", queue.id.base + id, b"opts") for id in fitting])
        removed = (id for id, said in zip(fitting, options, strict=True) if said and _removes_itself(said))
        self._vanishing = frozenset(removed)

    def sent(self, queue: QueueId, job_ids: Sequence[str]) -> None:
        """These went first."""
        if not self.passed:
            born = (Bird(queue, id, vanishes=raw_bytes(id) in self._vanishing) for id in job_ids)
            self.birds = (*self.birds, *born)

    async def watch(self, ground: Ground, rest: Callable[[float], Awaitable[bool]]) -> str:
        """Until they have ended or their time is over; why the others must not follow, empty where they may. `rest`
        says after so many seconds whether to stop watching."""
        deadline = time.monotonic() + self.wait / 1000
        while not all(bird.ended for bird in self.birds) and time.monotonic() < deadline:
            if await rest(EVERY):
                return ""
            await self._look(ground)
        self.passed = all(bird.state == State.COMPLETED for bird in self.birds)
        return "" if self.passed else self._sentence()

    async def _look(self, ground: Ground) -> None:
        looked = await asyncio.gather(*(self._seen(ground, bird) for bird in self.birds))
        self.birds = tuple(looked)

    async def _seen(self, ground: Ground, bird: Bird) -> Bird:
        if bird.ended:
            return bird
        try:
            queue = ground.find(bird.queue)
            state, reason = await _whereabouts(ground, queue, raw_bytes(bird.id))
        except TickbirdError:
            return bird  # its Redis is away: it is looked for again
        if state == GONE and bird.vanishes:
            state = State.COMPLETED.value
        # All who look at the operation see it, whatever is shown to who began it.
        with asking(ITSELF):
            redaction = self.redaction(bird.queue)
        shown = cleaned(redaction, b"failedReason", reason)[:REASON]
        return replace(bird, state=state, reason=text(shown) if state == State.FAILED else "")

    def _sentence(self) -> str:
        count = len(self.birds)
        failed = [bird for bird in self.birds if bird.state == State.FAILED]
        late = sum(not bird.ended for bird in self.birds)
        gone = sum(bird.state == GONE for bird in self.birds)
        said = [f"{len(failed)} failed again: {failed[0].reason.strip() or 'no reason given'}"] if failed else []
        said += [f"{late} did not end within {self.wait / 1000:g} s"] if late else []
        said += [f"{gone} vanished, so nobody can tell how they ended"] if gone else []
        return f"Of the {count} jobs that went first {'; '.join(said)}. Resume to go on all the same."


async def _whereabouts(ground: Ground, queue: Queue, id: bytes) -> tuple[str, bytes]:
    base, keys = queue.id.base, contract(queue.identity).keys
    completed, failed, reason, is_there = await ground.instance(queue.id).read(
        [
            pack(b"ZSCORE", base + keys[State.COMPLETED], id),
            pack(b"ZSCORE", base + keys[State.FAILED], id),
            pack(b"HGET", base + id, b"failedReason"),
            pack(b"EXISTS", base + id),
        ]
    )
    if completed is not None or failed is not None:
        return (State.COMPLETED if completed is not None else State.FAILED).value, reason or b""
    return (ON_ITS_WAY, b"") if is_there else (GONE, b"")


def _removes_itself(options: bytes) -> bool:
    try:
        said = json.loads(options)
    except (ValueError, RecursionError):
        return False
    if not isinstance(said, dict) or said.get("removeOnFail") not in (None, False):
        return False
    return said.get("removeOnComplete") not in (None, False)
