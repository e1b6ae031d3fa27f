"""Change what one job carries or when it runs: its data, priority and delay.

Each runs one verb of our Lua, which looks again at what is so and acts in one step. Refused, they raise Conflict,
NotFound or Unsupported with the reason; Invalid for words that make no sense; Unavailable where Redis is away.
"""

from __future__ import annotations

import time

from core.errors import Conflict
from core.instance import Instance, pack
from core.model import Outcome, Queue
from core.mutations.act import Act, Answer
from core.mutations.deep import TRIES, place_in
from core.mutations.job_options import check_delay, check_priority
from core.mutations.one_job import act_on_job
from core.mutations.permits import check
from core.mutations.refusals import refusal
from core.mutations.sentences import of_job, of_state
from core.mutations.written import DATA_LIMIT, json_text, stored_bytes
from core.redaction.fields import LARGEST, cleaned
from core.redaction.redaction import Redaction
from core.text import raw_bytes


async def edit_data(instance: Instance, queue: Queue, job_id: str, data: str, *, seen: str | None = None) -> Outcome:
    """The job gets this JSON text, byte for byte. `seen` is what stood there when the person looked: where that has
    changed since, nothing is overwritten. Never while a worker has the job, or part of it is redacted for who asks."""
    json_text("The data", data, DATA_LIMIT)
    before = None if seen is None else stored_bytes("What was seen", seen)
    if (redaction := instance.redaction(queue.id)).hides:
        shown = await _unredacted(instance, redaction, queue, job_id)
        # Only what was looked at is overwritten: meanwhile there may come what must not be lost.
        before = shown if before is None else before
    answer = await act_on_job(instance, queue, "edit_data", job_id, data, int(before is not None), before or b"")
    if not answer.number(0):
        said = f"{of_job(queue, job_id)} has that data already."
        return Outcome("edit_data", queue.id, said, job_id, changed=False)
    return Outcome("edit_data", queue.id, f"{of_job(queue, job_id)} has new data.", job_id)


async def change_priority(
    instance: Instance, queue: Queue, job_id: str, priority: int, *, lifo: bool = False
) -> Outcome:
    """0 is none; else smaller is sooner. The job stands behind those of its new priority, or before them if `lifo`."""
    check_priority(queue.identity, priority)
    check(queue, "change_priority")
    answer = await _reordered(instance, queue, job_id, priority, lifo=lifo)
    if answer.code != "ok":
        raise refusal("change_priority", of_job(queue, job_id), answer)
    has = f"has priority {priority:,} now" if priority else "has no priority any more"
    sentence = f"{of_job(queue, job_id)} {has}{_effect(of_state(answer.word(0)), bool(answer.number(1)))}."
    return Outcome("change_priority", queue.id, sentence, job_id)


async def change_delay(instance: Instance, queue: Queue, job_id: str, delay: int) -> Outcome:
    """A delayed job becomes due in `delay` ms from now. One that was to be repeated is repeated as before."""
    due = time.time_ns() // 1_000_000 + check_delay(delay)
    answer = await act_on_job(instance, queue, "change_delay", job_id, delay, due)
    paused = "; the queue is paused, so it runs after a resume" if answer.number(0) else ""
    sentence = f"{of_job(queue, job_id)} is due in {delay:,} ms{paused}."
    return Outcome("change_delay", queue.id, sentence, job_id)


async def _unredacted(instance: Instance, redaction: Redaction, queue: Queue, job_id: str) -> bytes:
    """The present data. Raises Conflict where something of them would be taken out before they are shown."""
    key = queue.id.base + raw_bytes(job_id)
    (size,) = await instance.read([pack("HSTRLEN", key, "data")])
    (data,) = await instance.read([pack("HGET", key, "data")]) if (size or 0) <= LARGEST else (None,)
    if size and (data is None or cleaned(redaction, b"data", data) != data):
        raise Conflict(
            f"Part of the data of {of_job(queue, job_id)} is redacted for you, and would be lost.",
            "Who may see all of it can change it.",
        )
    return data or b""


async def _reordered(instance: Instance, queue: Queue, job_id: str, priority: int, *, lifo: bool) -> Answer:
    """What the script says of it, once it has been told the place where it could not be expected to look."""

    async def ask(state: str = "", place: int = 0) -> Answer:
        told = (priority, int(lifo), state, place)
        (answer,) = await Act(instance, queue, "change_priority", told).on_jobs([job_id])
        return answer

    answer = await ask()
    lists = [str(state) for state in answer.details] if answer.code == "deep" else []
    for state in lists * TRIES:
        place = await place_in(instance, queue.id.base + state.encode(), raw_bytes(job_id))
        if place is not None and (found := await ask(state, place)).code == "ok":
            return found
    return Answer("elsewhere", ("",)) if lists else answer


def _effect(state: str, paused: bool) -> str:
    if state in ("delayed", "waiting-children"):
        return f"; it is {state}, so that counts once it is ready"
    return "; the queue is paused, so it runs after a resume" if paused else ""
