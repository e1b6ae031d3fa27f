"""A view: a query under a name, with the state whose jobs it looks through. The same for every queue."""

from __future__ import annotations

from dataclasses import dataclass

from core.model import State


@dataclass(frozen=True, slots=True)
class View:
    """`id` is empty for those that are always there. `by` is who made it, empty where nobody is known. A `personal` one
    is there for nobody else."""

    name: str
    state: State
    q: str
    id: str = ""
    by: str = ""
    made: int | None = None
    personal: bool = False


BUILT_IN = (
    View("Stuck", State.ACTIVE, "run:>10m"),
    View("Retry storm", State.DELAYED, "attempts:>=3"),
    View("Overdue", State.DELAYED, "due:<now"),
    View("Stalled", State.FAILED, 'reason:"job stalled more than"'),
    View("Failed in the last 15 minutes", State.FAILED, "finished:15m"),
)
