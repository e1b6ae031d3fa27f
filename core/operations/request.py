"""What a person asks of many jobs at once: an action, on which queues and which state, within which options."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import lru_cache

from core.errors import Invalid
from core.model import BACKLOG, QueueId, State
from core.query.parser import parse
from core.query.query import Query
from core.search.bounds import may_be_in
from core.search.bounds import states as states_of


class Action(StrEnum):
    """What is done. `clean` is `remove` by another name; `drain` removes all that is ready to run; `obliterate` the
    whole queue; `drop-ghosts` the ids whose job Redis has lost."""

    RETRY = "retry"
    PROMOTE = "promote"
    REMOVE = "remove"
    CLEAN = "clean"
    DRAIN = "drain"
    PAUSE = "pause"
    RESUME = "resume"
    OBLITERATE = "obliterate"
    DROP_GHOSTS = "drop-ghosts"
    CHANGE_PRIORITY = "change-priority"
    CHANGE_DELAY = "change-delay"
    MOVE = "move"


@dataclass(frozen=True, slots=True)
class Options:
    """`grace` leaves jobs younger than so many milliseconds, `keep` the newest N, and `limit` is the most that are
    acted on; all three count for each queue by itself. `delayed` drains delayed jobs too. `force` obliterates though
    workers hold jobs. `priority` and `delay` (ms from the beginning on) are what jobs are changed to, `to` where they
    move.

    `rate` is the most jobs a second. `canary` are so many that go first and must complete within `canary_wait` ms
    before the others follow. `tolerance` is how far, in percent, the count may drift before it stops and asks."""

    grace: int = 0
    limit: int | None = None
    keep: int = 0
    delayed: bool = False
    reset_attempts: bool = False
    force: bool = False
    priority: int | None = None
    delay: int | None = None
    to: QueueId | None = None
    rate: int | None = None
    canary: int = 0
    canary_wait: int = 60_000
    tolerance: int = 10

    @property
    def given(self) -> tuple[str, ...]:
        """The names of those that differ from saying nothing."""
        return tuple(field.name for field in fields(self) if getattr(self, field.name) != field.default)


FLAGS = ("delayed", "reset_attempts", "force")
# The least and the most that each may be.
_MOST = 1 << 53
RANGES = {
    "grace": (0, _MOST),
    "limit": (1, _MOST),
    "keep": (0, _MOST),
    "priority": (0, (1 << 31) - 1),
    "delay": (0, 1 << 41),
    "rate": (1, 1_000_000),
    "canary": (0, 100),
    "canary_wait": (1_000, 3_600_000),
    "tolerance": (0, 100),
}
NUMBERS = tuple(RANGES)
# How many go first where that is asked for without a number.
USUAL_CANARY = 5
_CAREFUL = {"rate", "tolerance"}
_TAKES = {
    Action.RETRY: {"grace", "limit", "reset_attempts", "canary", "canary_wait"} | _CAREFUL,
    Action.PROMOTE: {"limit", "canary", "canary_wait"} | _CAREFUL,
    Action.REMOVE: {"grace", "limit", "keep"} | _CAREFUL,
    Action.CLEAN: {"grace", "limit", "keep"} | _CAREFUL,
    Action.DRAIN: {"delayed"},
    Action.OBLITERATE: {"force"},
    Action.CHANGE_PRIORITY: {"limit", "priority"} | _CAREFUL,
    Action.CHANGE_DELAY: {"limit", "delay"} | _CAREFUL,
    Action.MOVE: {"limit", "to"} | _CAREFUL,
}
_STATES = {
    Action.RETRY: (State.FAILED, State.COMPLETED),
    Action.PROMOTE: (State.DELAYED,),
    Action.REMOVE: tuple(s for s in State if s not in (State.ACTIVE, State.UNKNOWN)),
    Action.CHANGE_PRIORITY: (
        *(State.WAITING, State.PAUSED, State.PRIORITIZED),
        *(State.DELAYED, State.WAITING_CHILDREN),
    ),
    Action.CHANGE_DELAY: (State.DELAYED,),
    Action.MOVE: (
        *(State.WAITING, State.PAUSED, State.PRIORITIZED),
        *(State.DELAYED, State.COMPLETED, State.FAILED),
    ),
}
_STATES[Action.CLEAN] = _STATES[Action.REMOVE]
_WHOLE = frozenset({Action.PAUSE, Action.RESUME, Action.OBLITERATE})
_STATELESS = _WHOLE | {Action.DRAIN, Action.DROP_GHOSTS}
_VERBS = {
    **dict.fromkeys((Action.CLEAN, Action.DRAIN, Action.OBLITERATE, Action.DROP_GHOSTS), "remove"),
    Action.CHANGE_PRIORITY: "change_priority",
    Action.CHANGE_DELAY: "change_delay",
}
# Elsewhere the order of the key is not the order in which jobs came.
KEEPS = (State.COMPLETED, State.FAILED, State.WAITING, State.PAUSED, State.WAITING_CHILDREN)


@dataclass(frozen=True, slots=True)
class Request:
    """`queues` None means every queue, or of all those whose names match the glob pattern `matching`, such as
    `email*`. `by` and `reason` are for the record. With a `query` only the jobs that fit it are meant; times in it are
    relative to `asked`, ms since the epoch. `ruled`: a retention rule wants it, and no person."""

    action: Action
    queues: tuple[QueueId, ...] | None
    state: State | None = None
    options: Options = Options()
    reason: str = ""
    by: str = ""
    matching: str = ""
    query: str = ""
    asked: int = 0
    ruled: bool = False

    @property
    def meant(self) -> Query | None:
        """The query as it was understood; None where all jobs of the state are meant. Raises Unreadable."""
        return _parsed(self.query, self.asked) if self.query.strip() else None

    @property
    def on_queues(self) -> bool:
        """Whether it acts on queues as such, not on the jobs of one state."""
        return self.action in _WHOLE

    @property
    def verb(self) -> str:
        """The verb of ours that does it."""
        return _VERBS.get(self.action, self.action.value)

    def chosen(self, known: Iterable[QueueId]) -> tuple[QueueId, ...]:
        """The queues that it names, each once; `known` are all there are."""
        if self.queues is not None:
            named = tuple(dict.fromkeys(self.queues))
        else:
            named = tuple(id for id in known if not self.matching or fnmatchcase(id.name, self.matching))
        query = self.meant
        return named if query is None else tuple(id for id in named if may_be_in(query, id))

    @property
    def states(self) -> tuple[State, ...]:
        """The states it goes through in each queue, in order."""
        if self.action is Action.DRAIN:
            return (*BACKLOG, *((State.DELAYED,) if self.options.delayed else ()))
        if self.action is Action.DROP_GHOSTS:
            return tuple(state for state in State if state is not State.UNKNOWN)
        if self.state is not None:
            return (self.state,)
        legal = _STATES.get(self.action, ())
        return self._said(legal) or legal[:1]

    def _said(self, legal: tuple[State, ...]) -> tuple[State, ...]:
        """Those of these states that the query names."""
        query = self.meant
        named = query is not None and any(term.field == "state" for term in query.terms())
        return tuple(state for state in states_of(query) if state in legal) if query and named else ()

    def check(self) -> None:
        """Raises Invalid where the words make no sense together."""
        self._check_query()
        self._check_state()
        takes = _TAKES.get(self.action, set())
        if strange := [name for name in self.options.given if name not in takes]:
            known = f"It takes {', '.join(sorted(takes))}." if takes else "It takes none."
            raise Invalid(f"{self.action} takes no option {strange[0]!r}.", known)
        self._check_needed()
        if self.queues is not None and not self.queues:
            raise Invalid("No queue is named.", 'Name some, or say "all".')
        if self.queues is not None and self.matching:
            raise Invalid("Queues are named one by one or by a pattern, not both.")
        if self.options.keep and self.states[0] not in KEEPS:
            raise Invalid(
                f"{self.states[0]} jobs have no newest: keep means nothing there.", f"Try {', '.join(KEEPS)}."
            )

    def _check_query(self) -> None:
        if self.meant is None:
            return
        if self.action in _STATELESS:
            raise Invalid(f"{self.action} takes no query.", "It is for what stands in a queue as a whole.")
        if self.options.keep:
            raise Invalid("keep means the newest of a state, and nothing beside a query.", "Say finished:>7d, or so.")

    def _check_state(self) -> None:
        if self.action in _STATELESS:
            if self.state is not None:
                raise Invalid(f"{self.action} takes no state.")
            return
        legal = _STATES[self.action]
        if self.state is None and len(legal) > 2 and not self._said(legal):
            raise Invalid(f"{self.action} needs a state.", f"It is one of {', '.join(legal)}.")
        if self.state is not None and self.state not in legal:
            raise Invalid(f"{self.action} is nothing for {self.state} jobs.", f"It is for {', '.join(legal)}.")

    def _check_needed(self) -> None:
        for name, (least, most) in RANGES.items():
            value = getattr(self.options, name)
            if value is not None and not least <= value <= most:
                until = f" to {most:,}" if most < _MOST else " on"
                raise Invalid(f"{name} is a whole number from {least:,}{until}.")
        for action, name in ((Action.CHANGE_PRIORITY, "priority"), (Action.CHANGE_DELAY, "delay"), (Action.MOVE, "to")):
            if self.action is action and getattr(self.options, name) is None:
                raise Invalid(f"{action} needs the option {name}.")


@lru_cache(maxsize=64)  # it is asked for what it means at every step
def _parsed(query: str, asked: int) -> Query:
    return parse(query, asked or None)
