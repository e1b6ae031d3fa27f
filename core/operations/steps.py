"""Which way an operation goes through one of its scopes."""

from __future__ import annotations

from core.ground import Ground
from core.operations.obliteration import Obliteration
from core.operations.request import Action, Request
from core.operations.scope import Scope
from core.operations.slices import Slices, Steps, Toggle
from core.operations.tally import Book


def steps_through(ground: Ground, request: Request, scope: Scope, book: Book) -> Steps:
    """Steps over a state's jobs, over a whole queue, or the one step that pauses or resumes it."""
    if request.action is Action.OBLITERATE:
        return Obliteration(ground, request, scope, book)
    return (Toggle if request.on_queues else Slices)(ground, request, scope, book)
