"""What is done to parents and children together: a parent waits again, or its children leave it and Redis.

A parent and its children may live in different queues, so each act is one script on the parent and one on each queue
of the children. What may happen between them is named where it is done; nothing is lost by it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.errors import TickbirdError
from core.ground import Ground
from core.instance import Instance
from core.model import Outcome, Queue, QueueId
from core.mutations.act import Act, Answer, wishes
from core.mutations.deep import removed
from core.mutations.permits import check
from core.mutations.refusals import counted, refusal
from core.mutations.sentences import of_job
from core.text import text

# What a removal answers of a job that is not there any more.
GONE = ("gone", "missing")
_DONE = ("ok", "dropped")
# What a parent is made to wait for while its children are removed; no job is called so.
NEVER = b"tickbird:holds"


@dataclass(frozen=True, slots=True)
class Child:
    """A child by its queue, its id, and its full key as its parent has it."""

    queue: QueueId
    id: bytes
    key: bytes


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a child: `ok` (removed), `gone` (it was not there any more), or what refused it and why."""

    child: Child
    code: str
    why: str = ""
    released: bool = False


async def reopen(ground: Ground, id: QueueId, job_id: str) -> Outcome:
    """A failed parent whose failed children run again waits for them, and runs when they have finished. `changed` is
    False where it has none left to wait for, so that it can be retried. Raises Conflict, NotFound, Unsupported."""
    return await ground.act(id, lambda instance, queue: _reopened(instance, queue, job_id))


async def _reopened(instance: Instance, queue: Queue, job_id: str) -> Outcome:
    check(queue, "retry")
    (answer,) = await Act(instance, queue, "reopen_flow").on_jobs([job_id])
    if answer.code == "ready":
        said = f"{of_job(queue, job_id)} has no children left to wait for."
        return Outcome("reopen", queue.id, said, job_id, changed=False)
    if answer.code != "ok":
        raise refusal("retry", of_job(queue, job_id), answer)
    children = counted(answer.number(0), "child", "children")
    return Outcome("reopen", queue.id, f"{of_job(queue, job_id)} waits for {children} again.", job_id)


async def remove_children(
    ground: Ground, parent: tuple[QueueId, str], children: Sequence[Child], *, stays: bool
) -> list[Fate]:
    """Remove children of one parent, each with all that is its own; those that a worker runs are left alone.

    `stays`: the parent is not let go though it may wait for nothing else then, because it is to be removed as well.
    While its children go it waits for what never comes: cut off there, it still has those that are left, and who does
    the same again finds them. Where it is not removed after all, let it go by `end_hold`.
    """
    ground.check_writable()
    tied: dict[bytes, Answer] = {}
    if stays:
        tied = await _untied(ground, parent, [child.key for child in children], "hold")
    free = [child for child in children if child.key not in tied or tied[child.key].code != "locked"]
    fates = {child.key: fate for child, fate in zip(free, await _removed(ground, free), strict=True)}
    if any(answer.code == "ok" for answer in tied.values()):
        gone = [key for key, fate in fates.items() if not fate.why]
        await _untied(ground, parent, [parent[0].base + NEVER, *gone], "stays")
    return [fates.get(child.key) or Fate(child, "locked", "A worker runs it.") for child in children]


async def release_children(ground: Ground, parent: tuple[QueueId, str], keys: Sequence[bytes]) -> int:
    """A parent stops waiting for children that are gone from Redis, or in no queue that is known; let go with the
    last of them, it runs. Returns for how many it waits no more."""
    untied = await _untied(ground, parent, keys, "goes")
    return sum(answer.code == "ok" for answer in untied.values())


async def end_hold(ground: Ground, parent: tuple[QueueId, str]) -> bool:
    """A parent whose children were removed as if it `stays`, stays for good: a child that ended meanwhile has let
    nobody go, so it is let go now if it waits for nothing. Whether it was."""
    (answer,) = (await _untied(ground, parent, [parent[0].base + NEVER], "goes")).values()
    return answer.code == "ok" and answer.number(0) == 1


async def untie_children(ground: Ground, parent: tuple[QueueId, str], keys: Sequence[bytes]) -> None:
    """A parent that is about to be removed stops waiting for children that stay."""
    await _untied(ground, parent, keys, "stays")


async def _untied(ground: Ground, parent: tuple[QueueId, str], keys: Sequence[bytes], then: str) -> dict[bytes, Answer]:
    queue, job_id = parent
    answers = await ground.act(queue, lambda i, q: Act(i, q, "untie_flow", (then, job_id)).on_jobs(keys))
    return dict(zip(keys, answers, strict=True))


async def _removed(ground: Ground, children: Sequence[Child]) -> list[Fate]:
    fates: dict[bytes, Fate] = {}
    for id in dict.fromkeys(child.queue for child in children):
        mine = [child for child in children if child.queue == id]
        try:
            fates |= await _removed_from(ground, id, mine)
        except TickbirdError as error:
            # Refused as a whole: its library is in doubt, or it went a moment ago.
            fates |= {child.key: Fate(child, error.code, error.message) for child in mine}
    return [fates[child.key] for child in children]


async def _removed_from(ground: Ground, id: QueueId, children: Sequence[Child]) -> dict[bytes, Fate]:
    async def act(instance: Instance, queue: Queue) -> dict[bytes, Fate]:
        check(queue, "remove")
        answers = await Act(instance, queue, "remove", (wishes(),)).on_jobs([child.id for child in children])
        return {
            child.key: await _fate(instance, queue, child, answer)
            for child, answer in zip(children, answers, strict=True)
        }

    return await ground.act(id, act)


async def _fate(instance: Instance, queue: Queue, child: Child, answer: Answer) -> Fate:
    if answer.code == "deep":
        answer = await removed(instance, queue, text(child.id))
    if answer.code in _DONE:
        return Fate(child, "ok", released=answer.code == "ok" and answer.number(1) == 1)
    if answer.code in GONE:
        return Fate(child, "gone")
    return Fate(child, answer.code, refusal("remove", of_job(queue, text(child.id)), answer).message)
