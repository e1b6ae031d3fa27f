"""Which way an operation goes through one of its scopes."""

from __future__ import annotations

from core.ground import Ground
from core.operations.chosen import ONE_BY_ONE, Chosen
from core.operations.obliteration import Obliteration
from core.operations.request import Action, Request
from core.operations.scope import Scope
from core.operations.slices import Slices, Steps, Toggle
from core.operations.tally import Book


def steps_through(ground: Ground, request: Request, scope: Scope, book: Book) -> Steps:
    """Steps over a state's jobs, over a whole queue, or the one step that pauses or resumes it."""
    if request.action is Action.OBLITERATE:
        return Obliteration(ground, request, scope, book)
    if request.on_queues:
        return Toggle(ground, request, scope, book)
    is_chosen = bool(request.query) or request.action in ONE_BY_ONE
    return (Chosen if is_chosen else Slices)(ground, request, scope, book)
