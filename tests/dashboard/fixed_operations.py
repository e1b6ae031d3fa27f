"""Operations of a fixed herd: recorded as asked, and never moving, so that faces can be held against their words."""

from __future__ import annotations

from dataclasses import replace

from core.errors import Conflict, Forbidden, NotFound
from core.ground import Ground
from core.model import Queue, QueueId, State
from core.operations.operation import Operation, Skip, Status, Target, Told
from core.operations.registry import Operations
from core.operations.request import Action, Request
from core.operations.skips import SkipPage
from core.settings import Settings

LIVE = "0123456789abcdef"
_MAIL = QueueId("default", "bull", "mail")


def _half_way() -> Operation:
    skips = (
        Skip(_MAIL, "x/1 ~%", "locked", "A worker holds job x/1 ~% of mail: it would run twice."),
        Skip(_MAIL, None, "gone", "A job of mail left the state before it was its turn."),
    )
    return Operation(
        LIVE,
        Request(Action.RETRY, (_MAIL,), State.FAILED, reason="they were down", by="ada"),
        Status.RUNNING,
        (Target(_MAIL, State.FAILED, 1000, True, "", 495, 5), Target(_MAIL, None, 0, False, "It is Pro.")),
        created=1_700_000_000_000,
        started=1_700_000_000_100,
        done=495,
        skipped={"locked": 3, "gone": 2},
        examples=skips,
        rate=812.5,
        slices=5,
        largest_slice=100,
        longest_slice=2.75,
        listed=2,
        unlisted=3,
        told=(Told("resume", 1_700_000_000_100, "ada", "they were down"),),
    )


class FixedOperations(Operations):
    """One operation is half-way; what is started or previewed joins it."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(Ground({}, _nowhere, lambda _id: None), list)
        self._read_only = settings.read_only
        self._known_ones = {LIVE: _half_way()}

    def put(self, operation: Operation) -> None:
        """Let there be this one too."""
        self._known_ones[operation.id] = operation

    async def preview(self, request: Request, patience: float = 1.0) -> Operation:  # nothing to count
        return self._record(request, Status.PREVIEWED)

    async def start(self, request: Request) -> Operation:
        return self._record(request, Status.RUNNING)

    def get(self, id: str) -> Operation:
        if id not in self._known_ones:
            raise NotFound("There is no such operation (any more).")
        return self._known_ones[id]

    async def find(self, id: str) -> Operation:
        return self.get(id)

    def list(self) -> tuple[Operation, ...]:
        return tuple(reversed(self._known_ones.values()))

    async def skipped(self, id: str, sheet: int = 0) -> SkipPage:
        skips = self.get(id).examples
        return SkipPage(skips[sheet : sheet + 1], sheet + 1 if sheet + 1 < len(skips) else None, lost=False)

    def pause(self, id: str, *, by: str = "", reason: str = "") -> Operation:
        return self._become(id, Status.PAUSED, Told("pause", 1_700_000_000_500, by, reason))

    def resume(self, id: str, *, scope: str | None = None, by: str = "", reason: str = "") -> Operation:
        seen = self.get(id)
        if seen.status is Status.PREVIEWED and (seen.request.query or scope) and scope != seen.scope:
            raise Conflict("This is not the scope that was previewed here.")
        return self._become(id, Status.RUNNING, Told("resume", 1_700_000_000_500, by, reason))

    def cancel(self, id: str, *, by: str = "", reason: str = "") -> Operation:
        return self._become(id, Status.CANCELLED, Told("cancel", 1_700_000_000_500, by, reason))

    def _become(self, id: str, status: Status, told: Told) -> Operation:
        self._writable()
        seen = self.get(id)
        self._known_ones[id] = replace(seen, status=status, told=(*seen.told, told))
        return self._known_ones[id]

    def _record(self, request: Request, status: Status) -> Operation:
        self._writable()
        request.check()
        targets = (Target(_MAIL, request.states[0] if request.states else None, 1, True),)
        scope = "a signature" if status is Status.PREVIEWED else ""
        made = Operation(
            f"{len(self._known_ones):016x}", request, status, targets, created=1_700_000_000_000, scope=scope
        )
        self._known_ones[made.id] = made
        return made

    def _writable(self) -> None:
        if self._read_only:
            raise Forbidden("This Tickbird is read-only.")


def _nowhere(id: QueueId) -> Queue:
    raise NotFound(f"There is no queue {id.name!r}.")
