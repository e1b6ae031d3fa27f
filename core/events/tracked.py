"""One job while it is under way, as far as its events told."""

from __future__ import annotations


class Tracked:
    """Instants are milliseconds; None where the event was not seen.

    `starts` counts how often it was started; None where its beginning was not seen, so that nobody can tell.
    `made` counts the attempts that the library counts, likewise. `due` is when a delayed job is to become ready.
    """

    __slots__ = ("added", "done", "due", "made", "name", "ready", "started", "starts")

    def __init__(self, name: bytes | None = None, added: int | None = None) -> None:
        self.name = name
        self.added = added
        self.ready: int | None = None
        self.started: int | None = None
        self.due: int | None = None
        self.starts: int | None = None if added is None else 0
        self.made: int | None = None if added is None else 0
        self.done = False

    def forget_times(self) -> None:
        """Events may have been missed: what was measured from the last one would be wrong."""
        self.added = self.ready = self.started = self.due = self.starts = self.made = None
