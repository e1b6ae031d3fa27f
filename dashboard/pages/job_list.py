"""Which jobs a queue's page lists: a choice that is read from a URL and written back into one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from core.dialects.contract import contract
from core.model import BACKLOG, Health, Queue, State
from core.query.words import MOST_CHARACTERS
from dashboard.urls import encode_query

SIZES = (25, 50, 100, 200)
USUAL_SIZE = 50
LONGEST_CURSOR = 8192
# As jobs go through a queue, and last the two ends.
TABS = (
    State.WAITING,
    State.PAUSED,
    State.PRIORITIZED,
    State.ACTIVE,
    State.DELAYED,
    State.WAITING_CHILDREN,
    State.COMPLETED,
    State.FAILED,
)
# The verbs that a list of this state offers for what is ticked; what the queue refuses is said when it does.
VERBS: dict[State, tuple[str, ...]] = {
    State.FAILED: ("retry", "remove"),
    State.COMPLETED: ("retry", "remove"),
    State.DELAYED: ("promote", "remove"),
}


@dataclass(frozen=True, slots=True)
class Choice:
    """What the URL asks for. `cursor`: where the page before ended; `q`: a query, as somebody wrote it."""

    state: State
    order: Literal["newest", "oldest"] = "newest"
    size: int = USUAL_SIZE
    cursor: str = ""
    q: str = ""

    def changed(self, **changes: object) -> str:
        """The query of a URL that asks for this but for the changes. Without a cursor: other lists begin anew."""
        return query_of(replace(self, **{"cursor": "", **changes}))  # type: ignore[arg-type] # the names above

    @property
    def verbs(self) -> tuple[str, ...]:
        return VERBS.get(self.state, ("remove",))


def choice_of(params: Mapping[str, str], queue: Queue) -> Choice:
    """The choice in a URL's query; what makes no sense there is as it usually is."""
    asked = {state.value: state for state in queue.counts}
    size = params.get("size", "")
    return Choice(
        asked.get(params.get("state", "")) or telling(queue),
        "oldest" if params.get("order") == "oldest" else "newest",
        int(size) if size in {str(size) for size in SIZES} else USUAL_SIZE,
        params.get("cursor", "")[:LONGEST_CURSOR],
        # One character more than is allowed: the error then says so.
        params.get("q", "").strip()[: MOST_CHARACTERS + 1],
    )


def telling(queue: Queue) -> State:
    """The state that answers "is anything wrong" best, where the URL asks for none."""
    counts = queue.counts
    if queue.verdict.health is Health.FAILING and counts.get(State.FAILED):
        return State.FAILED
    if queue.verdict.needs_attention and queue.backlog:
        return max(BACKLOG, key=lambda state: counts.get(state, 0))
    order = (State.ACTIVE, *BACKLOG, State.DELAYED, State.WAITING_CHILDREN, State.FAILED, State.COMPLETED)
    return next((state for state in order if counts.get(state)), State.WAITING)


def query_of(choice: Choice) -> str:
    """`?state=…&q=…&order=…&size=…&cursor=…`, without what goes without saying."""
    asked = {"state": choice.state.value}
    if choice.q:
        asked["q"] = choice.q
    if choice.order != "newest":
        asked["order"] = choice.order
    if choice.size != USUAL_SIZE:
        asked["size"] = str(choice.size)
    if choice.cursor:
        asked["cursor"] = choice.cursor
    return "?" + encode_query(asked)


def tabs(queue: Queue) -> list[State]:
    """The states that this queue's library has; the old paused list only where something is in it."""
    return [state for state in TABS if state in queue.counts and (state is not State.PAUSED or queue.counts[state])]


def unread(queue: Queue) -> list[State]:
    """The states that its library has and whose jobs are not known: their keys hold something else."""
    return [state for state in contract(queue.identity).states if state not in queue.counts]
