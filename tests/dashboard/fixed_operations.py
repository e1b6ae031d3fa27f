"""Operations of a fixed herd: recorded as asked, and never moving, so that faces can be held against their words."""

from __future__ import annotations

from dataclasses import replace

from core.errors import Forbidden, NotFound
from core.ground import Ground
from core.model import Queue, QueueId, State
from core.operations.operation import Operation, Skip, Status, Target
from core.operations.registry import Operations
from core.operations.request import Action, Request
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

    async def preview(self, request: Request) -> Operation:
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

    def pause(self, id: str) -> Operation:
        return self._become(id, Status.PAUSED)

    def resume(self, id: str) -> Operation:
        return self._become(id, Status.RUNNING)

    def cancel(self, id: str) -> Operation:
        return self._become(id, Status.CANCELLED)

    def _become(self, id: str, status: Status) -> Operation:
        self._writable()
        self._known_ones[id] = replace(self.get(id), status=status)
        return self._known_ones[id]

    def _record(self, request: Request, status: Status) -> Operation:
        self._writable()
        request.check()
        targets = (Target(_MAIL, request.states[0] if request.states else None, 1, True),)
        made = Operation(f"{len(self._known_ones):016x}", request, status, targets, created=1_700_000_000_000)
        self._known_ones[made.id] = made
        return made

    def _writable(self) -> None:
        if self._read_only:
            raise Forbidden("This Tickbird is read-only.")


def _nowhere(id: QueueId) -> Queue:
    raise NotFound(f"There is no queue {id.name!r}.")
