"""The dead letters of the queues in sight: shown as what they are, and sent back to where they came from."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from core.access.asker import asker
from core.dead_letters.addressing import Addressing, known_queue
from core.dead_letters.letter import DeadLetter, How, Letters, Report, Sent
from core.dead_letters.mapping import Mapped, mapped
from core.dead_letters.reading import SHOWN, Reader
from core.dead_letters.sending import Sender, refused
from core.dead_letters.walk import Walk
from core.dialects.contract import contract
from core.errors import Invalid, NotFound, Unavailable
from core.ground import Ground
from core.instance import Instance
from core.job import Covered
from core.jobs.cursor import decode
from core.jobs.listing import Sought, list_ids
from core.jobs.rows import Placed
from core.model import Queue, QueueId, State
from core.mutations.permits import check
from core.mutations.written import DATA_LIMIT, stored_bytes
from core.redaction.redaction import NOTHING_HIDDEN
from core.settings import Settings
from core.sight import Sight

PAGE = 50
# So many may be named in one call. Of all there are, so many are sent at once, for no longer than a person waits for
# the answer (seconds), with a rest as long as each slice took.
MOST_NAMED = 200
SLICE = 50
PATIENCE = 5.0
# So many results are told one by one.
MOST_TOLD = 1_000
# Where dead letters lie: mostly nobody consumes them. What a worker holds is left alone.
STATES = (State.WAITING, State.PAUSED, State.PRIORITIZED, State.DELAYED, State.FAILED, State.COMPLETED)


class DeadLetters:
    """Reads stand on `sight`, what is sent on `ground`; `settings` say which queues hold dead letters, and of which
    shape."""

    def __init__(self, sight: Sight, ground: Ground, settings: Settings) -> None:
        self._sight, self._ground = sight, ground
        self._tables = (*settings.dead_letters, *map(Mapped, settings.dead_letter))

    def states(self, id: QueueId) -> tuple[State, ...]:
        """Where this queue can have dead letters. Raises NotFound."""
        return tuple(state for state in STATES if state in contract(self._sight.queue(id).identity).keys)

    def expected(self, id: QueueId) -> bool:
        """Whether the settings say that this queue holds dead letters."""
        return mapped(self._tables, id) is not None

    async def look(self, id: QueueId, state: State, *, cursor: str | None = None, limit: int = PAGE) -> Letters:
        """A page of a state, the newest first, as far as it may be seen. Raises NotFound, Invalid, Unavailable."""
        states = self.states(id)
        if state not in states:
            raise Invalid(f"Dead letters are not looked for among {state} jobs.", f"There are {', '.join(states)}.")
        if not 1 <= limit <= MOST_NAMED:
            raise Invalid(f"limit is 1 to {MOST_NAMED}.")
        sought = Sought(state, "newest", limit, decode(cursor, state, "newest") if cursor else None)
        key = ("dead letters", sought, asker().scope)
        return await self._sight.read(id, key, lambda instance: self._page(instance, id, sought))

    async def send(self, id: QueueId, ids: Sequence[str], how: How) -> Report:
        """Send these back: one result each, in order. Raises Forbidden, NotFound, Unsupported, Invalid; Unavailable
        where Redis goes away: then asking again finishes what was begun."""
        wanted = list(dict.fromkeys(ids))
        if not 1 <= len(wanted) <= MOST_NAMED:
            raise Invalid(f"1 to {MOST_NAMED} dead letters can be named at once.", "Or send back all there are.")

        async def act(instance: Instance, queue: Queue) -> Report:
            placed = [Placed(stored_bytes("An id", one), State.UNKNOWN) for one in wanted]
            letters = await self._reader(instance, id, seen=False).letters(placed)
            became = {sent.id: sent for sent in await self._addressing(queue, how).send(letters, None)}
            return _report([became.get(one) or _gone(one) for one in wanted])

        return await self._act(id, act)

    async def send_all(self, id: QueueId, how: How, *, after: str | None = None) -> Report:
        """Send back all that are recognised, the oldest first, for as long as a person waits: how many are left is
        said, and `next` goes on there. Raises as `send`, but tells what was done where Redis goes away on the way."""

        async def act(instance: Instance, queue: Queue) -> Report:
            walk = Walk.begin(instance, queue, self.states(id), after)
            return await _go(walk, self._reader(instance, id, seen=False), self._addressing(queue, how))

        return await self._act(id, act)

    async def _act(self, id: QueueId, act: Callable[[Instance, Queue], Awaitable[Report]]) -> Report:
        async def checked(instance: Instance, queue: Queue) -> Report:
            check(queue, "remove")
            return await act(instance, queue)

        return await self._ground.recorded(id, "send_back", checked)

    def _addressing(self, queue: Queue, how: How) -> Addressing:
        return Addressing(self._sight, self._ground, Sender(self._ground, queue, how))

    async def _page(self, instance: Instance, id: QueueId, sought: Sought) -> Letters:
        listed = await list_ids(instance, id.base, contract(self._sight.queue(id).identity), sought)
        placed = [Placed(job, sought.state) for job, _ in listed.members]
        letters = [replace(each, written="") for each in await self._reader(instance, id, seen=True).letters(placed)]
        following = listed.next.encode() if listed.next else None
        return Letters(tuple(letters), sought.state, Covered(len(letters), listed.total), following)

    def _reader(self, instance: Instance, id: QueueId, *, seen: bool) -> Reader:
        """`seen`: for the eyes of people; else for the job itself, whose data go back as they were."""
        return Reader(
            instance=instance,
            queue=id,
            table=mapped(self._tables, id),
            find=lambda said: known_queue(self._sight.snapshot, id, said),
            largest=SHOWN if seen else DATA_LIMIT,
            redaction=self._sight.redaction(id) if seen else NOTHING_HIDDEN,
        )


async def _go(walk: Walk, reader: Reader, addressing: Addressing) -> Report:
    results: list[Sent] = []
    trouble = ""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        begun = time.monotonic()
        try:
            if not (placed := await walk.slice(SLICE)):
                break
            became = await addressing.send(await reader.letters(placed), walk.place)
        except Unavailable as error:
            trouble = error.message
            break
        results += became
        walk.passed(len(placed) - sum(not sent.stays for sent in became))
        await asyncio.sleep(time.monotonic() - begun)
    left = 0 if trouble else await walk.left()
    return _report(results, left, walk.mark if left or trouble else None, trouble)


def _report(results: Sequence[Sent], left: int = 0, next: str | None = None, trouble: str = "") -> Report:
    sent, before, said_no = (sum(each.code == code for each in results) for code in ("sent", "before", "refused"))
    first = sorted(results, key=lambda sent: sent.code != "refused") if len(results) > MOST_TOLD else results
    return Report(tuple(first[:MOST_TOLD]), sent, before, said_no, left, next, trouble)


def _gone(id: str) -> Sent:
    letter = DeadLetter(id, State.UNKNOWN, "", None, 0)
    return refused(letter, NotFound("It is not among the dead letters (any more): sent back, or removed."))
