"""Jobs that come into a queue from another one, each exactly once however often it is asked for.

Whoever sends one writes down its id and the moment before, where it comes from; that it has come is noted beside its
new queue, and only then does it leave the old one. So each step can be repeated, and the two may lie anywhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.errors import Forbidden
from core.instance import Instance
from core.model import Queue
from core.mutations.act import Act, Answer
from core.mutations.adding import Ready
from core.mutations.duplicating import ITS_OWN
from core.mutations.job_options import last_priority
from core.mutations.sentences import of_queue
from core.sight import now

# That a job has come is remembered for a week (verbs/receive.lua): what was begun earlier has nothing to rely on (ms).
REMEMBERED = 6 * 24 * 3600 * 1000


def is_forgotten(begun: int) -> bool:
    """Whether nobody may remember any more whether a job has come that was begun to be sent then."""
    return now() - begun > REMEMBERED


async def receive_jobs(instance: Instance, queue: Queue, jobs: Sequence[tuple[Ready, int]]) -> list[Answer]:
    """The script's answer for each job, which comes with the moment when it was begun to be sent, in ms."""
    told = [argument for ready, begun in jobs for argument in (*ready.arguments(), int(is_forgotten(begun)))]
    act = Act(instance, queue, "receive", (len(jobs), *told))
    return await act.on_jobs([ready.place.job_id for ready, _ in jobs])


def hidden_there(to: Queue) -> Forbidden:
    """It must not be read in another queue by who may not read it where it is."""
    said = f"Part of its data is redacted for you, and it is not known to be so in {of_queue(to)}."
    return Forbidden(said, "Who may see all of it can send it there.")


def for_a_new_job(options: Mapping[str, Any], to: Queue) -> dict[str, Any]:
    """Those that a job of its own can have; a priority no larger than that queue's library keeps in order."""
    kept = {word: value for word, value in options.items() if word not in ITS_OWN}
    if type(kept.get("priority")) is int:
        kept["priority"] = min(max(0, kept["priority"]), last_priority(to.identity)) or None
    return kept
