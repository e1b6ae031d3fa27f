"""What somebody tried to change and may not, in the audit log: once for each request, wherever it was refused, and
never so many that who may only look fills it."""

from __future__ import annotations

from contextvars import ContextVar

from starlette.types import ASGIApp, Receive, Scope, Send

from core.access.asker import asker
from core.audit.trail import Trail
from core.errors import Forbidden, TickbirdError
from dashboard.sparing import Sparing
from dashboard.urls import sent_path

_READING = frozenset({"GET", "HEAD", "OPTIONS"})
# Of one name: nobody who tries all that there is by hand comes to so many.
FREE = 200
_noted: ContextVar[list[Forbidden] | None] = ContextVar("noted", default=None)


def note(error: TickbirdError) -> None:
    """This error is what a request is answered with, as a page, a notice or a problem."""
    noted = _noted.get()
    if noted is not None and isinstance(error, Forbidden):
        noted.append(error)


class Denials:
    """ASGI middleware behind the gate: what was noted of a request to change something, and no act wrote down itself,
    is written down when it has been answered."""

    def __init__(self, app: ASGIApp, trail: Trail) -> None:
        self._app, self._trail = app, trail
        self._sparing = Sparing(FREE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in _READING:
            await self._app(scope, receive, send)
            return
        noted: list[Forbidden] = []
        token = _noted.set(noted)
        try:
            await self._app(scope, receive, send)
        finally:
            _noted.reset(token)
            if noted and not any(map(_is_recorded, noted)):
                await self._tell(scope, noted[0].message)

    async def _tell(self, scope: Scope, why: str) -> None:
        silent = self._sparing.unwritten(asker().name)
        if silent is not None:
            more = f" {silent:,} more were denied since the last one told here." if silent else ""
            await self._trail.denied(f"{scope['method']} {sent_path(scope)}", why + more)


def _is_recorded(error: BaseException | None) -> bool:
    """Whether that error, or the one that it was made from, is in the audit log."""
    while error is not None:
        if isinstance(error, TickbirdError) and error.recorded:
            return True
        error = error.__cause__ or error.__context__
    return False
