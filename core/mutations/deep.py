"""Removes a job wherever it stands: deep in a long list it is found first, in pieces, so that Redis is not held up."""

from __future__ import annotations

from core.instance import Instance, pack
from core.model import Queue
from core.mutations.act import Act, Answer, wishes
from core.text import raw_bytes

# One piece takes Redis a third of a millisecond.
PIECE = 5_000
# How often a job is looked for anew that has moved before it was its turn.
TRIES = 3


async def removed(instance: Instance, queue: Queue, job_id: str, *, force: bool = False) -> Answer:
    """What the script says of it, once it has been told the place where it could not be expected to look."""
    answer = await _ask(instance, queue, job_id, wishes(force=force))
    lists = [str(state) for state in answer.details[1:]] if answer.code == "deep" else []
    for state in lists * TRIES:
        place = await place_in(instance, queue.id.base + state.encode(), raw_bytes(job_id))
        if place is not None:
            found = await _ask(instance, queue, job_id, wishes(force=force, place=place, **{"from": state}))
            if found.code != "gone":
                return found
    return Answer(answer.word(0)) if lists else answer


async def place_in(instance: Instance, key: bytes, member: bytes) -> int | None:
    """How many stand nearer the tail of the list than this one; None where it does not stand there (any more)."""
    (length,) = await instance.read([pack(b"LLEN", key)])
    for place in range(0, length or 0, PIECE):
        (piece,) = await instance.read([pack(b"LRANGE", key, -place - PIECE, -place - 1)])
        if member in (piece or ()):
            return place + list(reversed(piece)).index(member)
    return None


async def _ask(instance: Instance, queue: Queue, job_id: str, told: str) -> Answer:
    (answer,) = await Act(instance, queue, "remove", (told,)).on_jobs([job_id])
    return answer
