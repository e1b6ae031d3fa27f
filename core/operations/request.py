"""What a person asks of many jobs at once: an action, on which queues and which state, within which options."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from enum import StrEnum
from fnmatch import fnmatchcase

from core.errors import Invalid
from core.model import BACKLOG, QueueId, State


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


@dataclass(frozen=True, slots=True)
class Options:
    """`grace` leaves jobs younger than so many milliseconds, `keep` the newest N, and `limit` is the most that are
    acted on; all three count for each queue by itself. `delayed` drains delayed jobs too. `force` obliterates though
    workers hold jobs."""

    grace: int = 0
    limit: int | None = None
    keep: int = 0
    delayed: bool = False
    reset_attempts: bool = False
    force: bool = False

    @property
    def given(self) -> tuple[str, ...]:
        """The names of those that differ from saying nothing."""
        return tuple(field.name for field in fields(self) if getattr(self, field.name) != field.default)


NUMBERS = ("grace", "limit", "keep")
FLAGS = ("delayed", "reset_attempts", "force")
_TAKES = {
    Action.RETRY: {"grace", "limit", "reset_attempts"},
    Action.PROMOTE: {"limit"},
    Action.REMOVE: set(NUMBERS),
    Action.CLEAN: set(NUMBERS),
    Action.DRAIN: {"delayed"},
    Action.OBLITERATE: {"force"},
}
_STATES = {
    Action.RETRY: (State.FAILED, State.COMPLETED),
    Action.PROMOTE: (State.DELAYED,),
    Action.REMOVE: tuple(s for s in State if s not in (State.ACTIVE, State.UNKNOWN)),
}
_STATES[Action.CLEAN] = _STATES[Action.REMOVE]
_WHOLE = frozenset({Action.PAUSE, Action.RESUME, Action.OBLITERATE})
_STATELESS = _WHOLE | {Action.DRAIN, Action.DROP_GHOSTS}
_VERBS = dict.fromkeys((Action.CLEAN, Action.DRAIN, Action.OBLITERATE, Action.DROP_GHOSTS), "remove")
# Elsewhere the order of the key is not the order in which jobs came.
KEEPS = (State.COMPLETED, State.FAILED, State.WAITING, State.PAUSED, State.WAITING_CHILDREN)
_MOST = 1 << 53


@dataclass(frozen=True, slots=True)
class Request:
    """`queues` None means every queue, or of all those whose names match the glob pattern `matching`, such as
    `email*`. `by` and `reason` are for the record."""

    action: Action
    queues: tuple[QueueId, ...] | None
    state: State | None = None
    options: Options = Options()
    reason: str = ""
    by: str = ""
    matching: str = ""

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
            return tuple(dict.fromkeys(self.queues))
        return tuple(id for id in known if not self.matching or fnmatchcase(id.name, self.matching))

    @property
    def states(self) -> tuple[State, ...]:
        """The states it goes through in each queue, in order."""
        if self.action is Action.DRAIN:
            return (*BACKLOG, *((State.DELAYED,) if self.options.delayed else ()))
        if self.action is Action.DROP_GHOSTS:
            return tuple(state for state in State if state is not State.UNKNOWN)
        if self.state is None:
            return _STATES.get(self.action, ())[:1]
        return (self.state,)

    def check(self) -> None:
        """Raises Invalid where the words make no sense together."""
        self._check_state()
        takes = _TAKES.get(self.action, set())
        if strange := [name for name in self.options.given if name not in takes]:
            known = f"It takes {', '.join(sorted(takes))}." if takes else "It takes none."
            raise Invalid(f"{self.action} takes no option {strange[0]!r}.", known)
        self._check_numbers()
        if self.queues is not None and not self.queues:
            raise Invalid("No queue is named.", 'Name some, or say "all".')
        if self.queues is not None and self.matching:
            raise Invalid("Queues are named one by one or by a pattern, not both.")
        if self.options.keep and self.states[0] not in KEEPS:
            raise Invalid(
                f"{self.states[0]} jobs have no newest: keep means nothing there.", f"Try {', '.join(KEEPS)}."
            )

    def _check_state(self) -> None:
        if self.action in _STATELESS:
            if self.state is not None:
                raise Invalid(f"{self.action} takes no state.")
            return
        legal = _STATES[self.action]
        if self.state is None and len(legal) > 2:
            raise Invalid(f"{self.action} needs a state.", f"It is one of {', '.join(legal)}.")
        if self.state is not None and self.state not in legal:
            raise Invalid(f"{self.action} is nothing for {self.state} jobs.", f"It is for {', '.join(legal)}.")

    def _check_numbers(self) -> None:
        for name in NUMBERS:
            value, least = getattr(self.options, name), 1 if name == "limit" else 0
            if value is not None and not least <= value <= _MOST:
                raise Invalid(f"{name} is a whole number from {least} on.")
