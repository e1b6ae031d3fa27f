"""Which form a scheduler is written in: the one that this queue's workers go on with, where that is known."""

from __future__ import annotations

from enum import StrEnum

from core.dialects.since import at_least
from core.errors import Unsupported
from core.instance import Instance
from core.model import Dialect, Identity, Queue
from core.schedulers.reading import read_register
from core.schedulers.scheduler import Head, Kind

# Schedulers came with 5.16; their present form, made by one script, with 5.36. Repeatables got hashes in 5.10.
SCHEDULERS_SINCE, HASHES_SINCE, SCRIPTED_SINCE = (5, 16), (5, 10), (5, 36)
# So many of a queue's register are looked at for a sign of its version.
_SIGNS = 20


class Form(StrEnum):
    """`SCHEDULER`: BullMQ from 5.36 on. `HASHED`: a repeatable of BullMQ 5.10 to 5.81. `LEGACY`: of any before."""

    SCHEDULER = "scheduler"
    HASHED = "repeatable with a hash"
    LEGACY = "repeatable"


async def form_for(instance: Instance, queue: Queue, head: Head | None) -> Form:
    """How to write the scheduler at `head`, or a new one. Raises Unsupported where it cannot be known."""
    if head is not None:
        return _as_it_is(queue.identity, head)
    if queue.identity.dialect is not Dialect.MQ5:
        return Form.LEGACY
    if queue.identity.version is None:
        register = await read_register(instance, [queue], _SIGNS)
        if any(each.kind is Kind.SCHEDULER and each.ran is not None for each in register.heads):
            return Form.SCHEDULER
        raise Unsupported(
            "Nothing here tells whether this queue's BullMQ knows job schedulers, which came with 5.16.",
            "Let its application make the first one; or pin its version.",
        )
    return _new(queue.identity)


def _new(identity: Identity) -> Form:
    if at_least(identity, *SCRIPTED_SINCE):
        return Form.SCHEDULER
    if not at_least(identity, *HASHES_SINCE):
        return Form.LEGACY
    raise Unsupported(
        f"{identity.label} makes schedulers in a way of its own, which changed with 5.36: it is not proved here.",
        "Let its application make it.",
    )


def _as_it_is(identity: Identity, head: Head) -> Form:
    if head.kind is Kind.SCHEDULER and head.ran is not None:
        return Form.SCHEDULER
    if head.kind is Kind.SCHEDULER or not head.certain:
        raise Unsupported(
            "It was made by a BullMQ from 5.16 to 5.35, or under a key of its application's own: one cannot tell.",
            "Let its application change it; here it can be removed and run.",
        )
    if identity.dialect is Dialect.MQ5 and at_least(identity, 6):
        raise Unsupported(
            "It is a repeatable, and workers of BullMQ 6 do not go on with those.",
            "Make a scheduler in its place, and remove it.",
        )
    return Form.HASHED if head.hashed else Form.LEGACY
