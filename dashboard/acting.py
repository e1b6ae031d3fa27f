"""What all buttons have in common: what was done or refused, in a sentence on the page after, which shows it done."""

from __future__ import annotations

import time
from collections.abc import Awaitable

from starlette.responses import RedirectResponse, Response

from core.errors import TickbirdError
from core.model import Outcome, QueueId
from dashboard.denials import note
from dashboard.desk import Desk
from dashboard.notices import Notice, leave
from dashboard.words import now

# The page after an action shows a reading from after it; no longer than this (seconds) is waited for one.
PATIENCE = 0.7


async def said(doing: Awaitable[Outcome]) -> Notice:
    """What the action did, or why it was refused, in the sentences of who did it."""
    try:
        outcome = await doing
    except TickbirdError as error:
        return refused(error)
    return Notice("done", outcome.sentence)


def refused(error: TickbirdError) -> Notice:
    """A refusal, and what to do instead."""
    note(error)
    return Notice("refused", error.message, (error.hint,) if error.hint else ())


async def seen(desk: Desk, id: QueueId) -> None:
    """Wait until a reading was begun after this moment, or for as long as a person does not mind."""
    acted, deadline = now(), time.monotonic() + PATIENCE
    snapshot = desk.herd.snapshot()
    while (left := deadline - time.monotonic()) > 0:
        reading = snapshot.reading(id.instance)
        if reading is None or reading.down_since is not None or (reading.taken_at or 0) > acted:
            return
        newer = await desk.herd.newer(snapshot.version, left)
        if newer.version == snapshot.version:
            return
        snapshot = newer


def back(target: str, notice: Notice, path: str) -> Response:
    """To the page at `target`, which, lying at or below `path`, shows the notice once."""
    return leave(RedirectResponse(target, 303), notice, path)
