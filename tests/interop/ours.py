"""What Tickbird does to a library's queue, as if discovery had found it."""

from __future__ import annotations

from typing import Any

from core.instance import Instance
from core.model import Dialect, Identity, Outcome, Queue, QueueId
from core.mutations import jobs, pausing
from tests.interop.node_driver import LIBRARIES, Library, NodeQueue

ACTED_ON = LIBRARIES
BULLS = tuple(library for library in ACTED_ON if library.is_bull)
BULLMQS = tuple(library for library in ACTED_ON if not library.is_bull)
UNVERSIONED = "unversioned"


def named(library: Library) -> str:
    return library.alias


class Ours:
    """Our operations on one queue, and the keys of it."""

    def __init__(self, instance: Instance, theirs: NodeQueue, version: str = "") -> None:
        """`version`: what the queue claims to be instead of what it is; `UNVERSIONED` when it claims nothing."""
        self.instance = instance
        self.queue = as_found(theirs, version)
        self.base = self.queue.id.base.decode()

    async def retry(self, job_id: str, **options: Any) -> Outcome:
        return await jobs.retry(self.instance, self.queue, job_id, **options)

    async def promote(self, job_id: str) -> Outcome:
        return await jobs.promote(self.instance, self.queue, job_id)

    async def remove(self, job_id: str) -> Outcome:
        return await jobs.remove(self.instance, self.queue, job_id)

    async def pause(self) -> Outcome:
        return await pausing.pause(self.instance, self.queue)

    async def resume(self) -> Outcome:
        return await pausing.resume(self.instance, self.queue)


def as_found(theirs: NodeQueue, version: str = "") -> Queue:
    facts = theirs.library.facts
    claimed = None if facts.is_bull or version == UNVERSIONED else version or facts.version
    identity = Identity(Dialect(facts.dialect), claimed, ())
    return Queue(QueueId("default", theirs.prefix, theirs.name), identity, False, {})
