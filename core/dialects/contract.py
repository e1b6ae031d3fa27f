"""What every dialect answers: which states it has, which verbs we know for it, and where its jobs wait.

Callers ask capabilities, never versions. What differs inside a mutation lies in the dialect's `prelude.lua`.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.model import Dialect, Identity, State

VERBS = (
    *("retry", "promote", "remove", "pause", "resume"),
    *("edit_data", "change_priority", "change_delay", "set_progress", "log", "add", "duplicate", "move"),
    *("fail", "requeue", "release_rate_limit", "mend_pause", "restore"),
    *("upsert_scheduler", "remove_scheduler", "run_scheduler"),
)
_STREAMED = (*VERBS, "trim_events")
_LIMITS = ("release_deduplication", "set_concurrency", "set_rate_limit")


@dataclass(frozen=True, slots=True)
class Contract:
    """The notions of one dialect. `verbs` are those we perform on it; `keys` names each state's key suffix.

    `script_keys` are the suffixes of the KEYS of its scripts, in the order in which its `prelude.lua` names them.
    """

    dialect: Dialect
    keys: dict[State, bytes]
    verbs: frozenset[str]
    script_keys: tuple[bytes, ...] = ()
    list_markers: bool = False
    default_attempts: int = 1

    @property
    def states(self) -> tuple[State, ...]:
        return tuple(self.keys)


LISTS = frozenset({State.WAITING, State.ACTIVE, State.PAUSED})

_COMMON = {
    State.WAITING: b"wait",
    State.ACTIVE: b"active",
    State.DELAYED: b"delayed",
    State.COMPLETED: b"completed",
    State.FAILED: b"failed",
    State.PAUSED: b"paused",
}
_FLOWS = {**_COMMON, State.WAITING_CHILDREN: b"waiting-children"}
_PRIORITIZED = {**_FLOWS, State.PRIORITIZED: b"prioritized"}

_FIXED = (b"", b"wait", b"paused", b"active", b"delayed", b"completed", b"failed", b"stalled", b"repeat", b"meta")
_BULL_FIXED = (*_FIXED, b"meta-paused", b"priority", b"limiter:index")
_MQ_LIST_FIXED = (*_FIXED, b"events", b"waiting-children", b"priority", b"delay")
_MQ4_FIXED = (*_FIXED, b"events", b"waiting-children", b"prioritized", b"pc")
_MQ5_FIXED = (*_FIXED, b"events", b"waiting-children", b"prioritized", b"pc", b"marker")

CONTRACTS = {
    Dialect.BULL: Contract(Dialect.BULL, _COMMON, frozenset((*VERBS, "release_deduplication")), _BULL_FIXED),
    Dialect.MQ_LIST: Contract(Dialect.MQ_LIST, _FLOWS, frozenset(_STREAMED), _MQ_LIST_FIXED, list_markers=True),
    Dialect.MQ4: Contract(Dialect.MQ4, _PRIORITIZED, frozenset(_STREAMED), _MQ4_FIXED, list_markers=True),
    Dialect.MQ5: Contract(Dialect.MQ5, _PRIORITIZED, frozenset((*_STREAMED, *_LIMITS)), _MQ5_FIXED),
}


def contract(identity: Identity) -> Contract:
    """The notions of the dialect that this queue was found to have."""
    return CONTRACTS[identity.dialect]


def is_marker(member: bytes) -> bool:
    """Whether a member of a BullMQ list is no job but a wake-up mark: `0:…` in 3.1 to 4, a bare `0` in 2.4."""
    return member == b"0" or member.startswith(b"0:")
