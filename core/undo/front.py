"""Undo: what was removed within the last half an hour is there again, byte for byte, where its id is still free."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

from core.access.asker import asker
from core.errors import Conflict, NotFound
from core.ground import Ground
from core.instance import Instance
from core.model import Outcome, Queue, QueueId
from core.mutations.act import Act, Answer, Option
from core.mutations.permits import check
from core.permission import NEEDED
from core.store.contract import Store
from core.text import printable, text
from core.undo.keepsakes import MOST_SPARED, TOO_MANY_SPARED, Keepsakes
from core.undo.kept import LASTS, MOST_BYTES, MOST_JOBS, SHELF, About, Chunk, KeptJob, mark, unpacked
from core.words import count

# What one script puts back: a few milliseconds' work, by number and by bytes; fewer where each has a place in a list.
JOBS_AT_ONCE, LISTED_AT_ONCE, BYTES_AT_ONCE = 100, 20, 500_000
TAKEN = "its id is taken again"
NO_ROOM = "there was no more room for some of them"
# What anybody who is about to remove jobs should know.
PROMISE = (
    f"For {LASTS // 60_000} minutes it can be undone, as far as there is room: up to {count(MOST_JOBS)} jobs and"
    f" {MOST_BYTES // 1_000_000} MB. Not put back are jobs of flows, and those that hold a deduplication id."
)


class Undo:
    """Puts back what `keepsakes` kept, on the queues of `ground`."""

    def __init__(self, keepsakes: Keepsakes, ground: Ground, store: Store) -> None:
        self._keepsakes, self._ground, self._store = keepsakes, ground, store
        self.keep, self.spare = keepsakes.keep, keepsakes.spare

    async def before(self, id: QueueId, job_ids: Sequence[str]) -> str:
        """These are about to be removed by hand: keep them under the id that this answers. Those that are left alone
        after all must be named to `spare`. Raises NotFound, Unavailable, Forbidden."""
        self._ground.check_writable()
        removal = f"hand-{secrets.token_hex(8)}"
        await self.keep(removal, self._ground.find(id), job_ids)
        return removal

    async def find(self, id: str) -> About | None:
        """What is kept of that removal; None where nothing is, or not all of it is there for who asks. Raises
        Unavailable."""
        about = await self._keepsakes.about(id) if id.isascii() else None
        return about if about and all(map(asker().scope.has, about.queues)) else None

    async def restore(self, id: str) -> Outcome:
        """Put back what can be. Raises NotFound, Conflict, Forbidden, Unavailable; called again it goes on."""
        about = await self.find(id)
        if about is None or not about.kept:
            raise NotFound("There is nothing to put back.", "It is kept for half an hour, as far as there is room.")
        if about.restored is not None:
            raise Conflict("It was undone already.")
        if len(about.spared) > MOST_SPARED:
            raise Conflict(f"It cannot be undone: {TOO_MANY_SPARED}, so it is not known which were removed.")
        async with self._ground.trail.act("restore", about.queues[0]) as told:
            asker().check(NEEDED["restore"])
            with self._ground.noting_above(told):
                outcome = await self._restored(id, about)
            told.says(outcome.sentence)
        return outcome

    async def _restored(self, id: str, about: About) -> Outcome:
        restored = anew = 0
        refused = Counter[str]()
        # The last that were removed come first: then each finds the list as it left it.
        for number in reversed(range(about.chunks)):
            chunk = await self._chunk(f"{id}.{number}")
            if chunk is None:
                refused[NO_ROOM] += 1
                continue
            back, behind, taken = await self._ground.act(
                chunk.queue, partial(_restored, chunk, frozenset(about.spared))
            )
            restored, anew, refused = restored + back, anew + behind, refused + taken
        await self._keepsakes.told(id, replace(about, restored=restored, refused=dict(refused)))
        for number in range(about.chunks):
            await self._store.delete(SHELF, f"{id}.{number}")
        sentence = _said(about, restored, anew, refused)
        return Outcome("restore", about.queues[0], sentence, changed=restored > 0)

    async def _chunk(self, record: str) -> Chunk | None:
        found = (await self._store.read(SHELF, [record])).get(record)
        return unpacked(found.parts["jobs"]) if found and "jobs" in found.parts else None


async def _restored(
    chunk: Chunk, spared: frozenset[str], instance: Instance, queue: Queue
) -> tuple[int, int, Counter[str]]:
    """How many are back, how many of them behind all others, and why others are not."""
    check(queue, "restore")
    answers: list[Answer] = []
    jobs = [job for job in chunk.jobs if mark(chunk.queue, text(job.id)) not in spared]
    for slice in _slices(jobs):
        answers += await put_back(instance, queue, slice)
    back = [answer for answer in answers if answer.code == "ok"]
    taken = len(answers) - len(back)
    return len(back), sum(answer.number(0) for answer in back), Counter({TAKEN: taken} if taken else {})


async def put_back(instance: Instance, queue: Queue, jobs: Sequence[KeptJob]) -> list[Answer]:
    """What the script says of each; one that is there again is left alone. Raises Unavailable."""
    options: list[Option] = [len(jobs)]
    for job in jobs:
        place = "" if job.place is None else job.place
        options += [job.where, job.score, place, job.order, len(job.fields), len(job.logs), *job.fields, *job.logs]
    return await Act(instance, queue, "restore", tuple(options)).on_jobs([job.id for job in jobs])


def _slices(jobs: Sequence[KeptJob]) -> Iterator[list[KeptJob]]:
    slice: list[KeptJob] = []
    size = 0
    for job in jobs:
        most = LISTED_AT_ONCE if job.place else JOBS_AT_ONCE
        if slice and (len(slice) >= most or size + job.size > BYTES_AT_ONCE):
            yield slice
            slice, size = [], 0
        slice.append(job)
        size += job.size
    if slice:
        yield slice


def _said(about: About, restored: int, anew: int, refused: Counter[str]) -> str:
    where = printable(about.queues[0].name) if len(about.queues) == 1 else f"{count(len(about.queues))} queues"
    jobs = f"{count(restored)} job{'s are' if restored != 1 else ' is'} back in {where}"
    behind = f"; {count(anew)} of them stand behind all others, for their place is not known" if anew else ""
    not_done = "".join(f" Not put back: {count(number)}, for {why}." for why, number in refused.items())
    return f"{jobs}{behind}.{not_done}"
