"""Which jobs of a page an operation means: those that fit its query, asked for right before it acts on them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.instance import Instance, pack
from core.jobs.rows import Placed
from core.model import Queue, QueueId
from core.operations.request import Action, Request
from core.operations.scope import Scope
from core.operations.walks import Walk
from core.redaction.redaction import Redaction
from core.search.sieve import Sieve
from core.text import integer

# Jobs that are looked at in one step: the script that reads of them takes Redis under a millisecond.
LOOK = 200
# Their scripts do not look when a job was added: they change one job for people, who mean exactly that one.
_ASKS_NOT = frozenset({Action.CHANGE_PRIORITY, Action.CHANGE_DELAY, Action.MOVE})


@dataclass(frozen=True, slots=True)
class Sifted:
    """The jobs of a page that fit, in order; those that could not be decided; and those that fit but came later."""

    fitting: tuple[bytes, ...]
    unread: frozenset[bytes] = frozenset()
    new: frozenset[bytes] = frozenset()


class Sifting:
    """One request's question to the jobs of one scope. What `redaction` hides is not matched."""

    def __init__(self, request: Request, scope: Scope, redaction: Callable[[QueueId], Redaction]) -> None:
        self.request, self.scope, query = request, scope, request.meant
        self._sieve = Sieve(query, redaction) if query is not None else None
        self._dates = request.action in _ASKS_NOT

    async def of(self, instance: Instance, queue: Queue, page: Sequence[bytes], walk: Walk) -> Sifted:
        """What of this page, which `walk` has just brought, is meant. Raises Unavailable."""
        fitting, unread = tuple(page), frozenset[bytes]()
        if self._sieve is not None and self.scope.state is not None:
            placed = [Placed(id, self.scope.state, walk.score(id)) for id in page]
            sifted = await self._sieve.sift(instance, queue, placed)
            fitting, unread = tuple(job.id for job in sifted.fitting), sifted.unread
        new = await self._new(instance, queue, fitting) if self._dates else frozenset[bytes]()
        return Sifted(fitting, unread, new)

    async def _new(self, instance: Instance, queue: Queue, ids: Sequence[bytes]) -> frozenset[bytes]:
        """Those that were added or run after the operation was previewed."""
        instants = await instance.read([pack(b"HMGET", queue.id.base + id, b"timestamp", b"processedOn") for id in ids])
        found = zip(ids, instants, strict=True)
        return frozenset(id for id, dates in found if self._is_new(dates or ()))

    def _is_new(self, dates: Sequence[bytes | None]) -> bool:
        return any((integer(date) or 0) > self.scope.cutoff for date in dates)
