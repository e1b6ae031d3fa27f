"""What a run expects of whoever keeps its record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from core.operations.run import Run


class Journal(Protocol):
    """Who keeps the record of a run."""

    async def begin_run(self, run: Run) -> bool:
        """Before what was previewed begins: whether it is this process' to run."""

    async def before_slice(self, run: Run) -> None:
        """It is known which jobs the next slice will act on."""

    async def after_slice(self, run: Run) -> None:
        """What it left alone can be written down, as far as there is room."""

    def changed(self, run: Run) -> None:
        """It has another status."""
