"""The last runs of a scheduler as a strip of marks, drawn as three paths: a page has a hundred strips."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.schedulers.scheduler import Run

STEP = 4
# By state: where a mark begins from above, of 16, so that a failure is also taller.
_SHAPES = {"completed": "5h3v11h-3z", "failed": "0h3v16h-3z", "": "14h3v2h-3z"}


@dataclass(frozen=True, slots=True)
class Strip:
    """How many runs it shows, how wide it is, what it says in words, and the path of each kind of mark."""

    count: int
    width: int
    words: str
    completed: str
    failed: str
    gaps: str


def strip(runs: Sequence[Run]) -> Strip:
    """The runs, oldest first."""
    paths: dict[str, list[str]] = {state: [] for state in _SHAPES}
    for at, run in enumerate(runs):
        paths[run.state].append(f"M{at * STEP} {_SHAPES[run.state]}")
    done, failed, gaps = (len(paths[state]) for state in _SHAPES)
    words = f"Of the last {len(runs)} runs {done} completed, {failed} failed, {gaps} left nothing"
    drawn = ("".join(paths[state]) for state in _SHAPES)
    return Strip(len(runs), len(runs) * STEP, words, *drawn)
