"""How each active job stands, told from its lock, its worker's connection and what was seen before. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

from core.clients import Connection
from core.model import Dialect
from core.words import count, span
from core.workers.cases import Case
from core.workers.crew import Condition, Vanished

# Libraries before BullMQ 5 take a job first and lock it then; a job without a lock for longer than this has lost it.
UNLOCKED_AT_FIRST = 3_000
# A run this many times longer than the longest of its kind, and at least so long, is not usual any more.
FAR_LONGER, LONG = 5, 30_000
# How long nothing must have been seen to move before a job passes for hung.
STILL_LEAST, STILL_MOST = 5_000, 60_000
_LOCKS_AT_ONCE = frozenset({Dialect.MQ5})


class Owner(Enum):
    """Whether the worker that holds a job is still there; `MAYBE_GONE`: one went that may have been it."""

    CONNECTED = auto()
    MAYBE_GONE = auto()
    GONE = auto()
    UNKNOWN = auto()


@dataclass(frozen=True, slots=True)
class Finding:
    """A condition, and the evidence for it in a sentence."""

    condition: Condition
    evidence: str


def judge(case: Case) -> Finding:
    """How it stands."""
    if not case.held.token and case.held.left is None:
        return _without_lock(case)
    if case.held.left is None:
        return Finding(Condition.DOUBTFUL, "Its lock has no end: something else than its library has set it.")
    where = _owner(case)
    if case.overdue:
        return _late(case, where)
    if where is Owner.GONE:
        return _gone(case)
    if where is Owner.MAYBE_GONE:
        return _maybe_gone(case)
    return _hung(case) or Finding(Condition.BEATING, _beats(case))


def _owner(case: Case) -> Owner:
    if case.team is None:
        return Owner.UNKNOWN
    if not case.candidates:
        return _absent(case)
    renews = case.run.renewed_at is not None and not case.overdue and not case.went
    if not case.worker and case.beating >= len(case.team) and not renews:
        return Owner.GONE
    return Owner.MAYBE_GONE if case.went else Owner.CONNECTED


def _absent(case: Case) -> Owner:
    """Nobody is connected who could hold it: gone, unless it renews its lock nevertheless, or does not say its name."""
    renewed, went = case.run.renewed_at, case.went
    if renewed is not None and went is None:
        return Owner.CONNECTED
    return Owner.UNKNOWN if case.look.nameless and went is None else Owner.GONE


def _late(case: Case, where: Owner) -> Finding:
    lock = f"its lock should have been renewed {span(case.overdue)} ago and runs out in {span(case.held.left or 0)}"
    if where is Owner.GONE:
        return Finding(Condition.DEAD, f"{_who_went(case)}; {lock}.")
    if where is Owner.UNKNOWN:
        return Finding(Condition.DOUBTFUL, f"{_sentence(lock)}: its worker is blocked or dead. {_why_unknown(case)}")
    return _silent(case, lock)


def _silent(case: Case, lock: str) -> Finding:
    """Not renewed, though somebody is connected who could: blocked, unless one went, or all of those are awake."""
    if case.went:
        return Finding(Condition.DEAD, f"{_one_went(case, case.went)}, and since then {lock}.")
    silent = [each for each in case.candidates if not _awake(each, case.overdue)]
    if silent:
        return Finding(Condition.BLOCKED, f"{_sentence(lock)}, though {_connected(case)}: {_asleep(silent)}.")
    if case.worker:
        said = f"{_sentence(lock)}, though its worker {case.worker!r} is connected and awake: it may have given it up."
        return Finding(Condition.DOUBTFUL, said)
    awake = "every connected worker of the queue is awake and would have renewed it"
    return Finding(Condition.DEAD, f"{_sentence(lock)}; {awake}, so its own is gone.")


def _gone(case: Case) -> Finding:
    left = span(case.held.left or 0)
    closing = " A worker that shuts down in order would still renew it." if case.went else ""
    return Finding(Condition.DEAD, f"{_who_went(case)}; its lock runs out in {left}.{closing}")


def _maybe_gone(case: Case) -> Finding:
    went = case.went
    assert went is not None and case.held.left is not None  # noqa: S101, PT018 # else it is not this
    shows = span(max(0, case.held.left - case.beat.due))
    whose = "another is connected by that name" if case.worker else "its library does not record whose job this is"
    said = f"{_one_went(case, went)}, and {whose}: if it was its own, its lock is not renewed within {shows}."
    return Finding(Condition.DOUBTFUL, said)


def _without_lock(case: Case) -> Finding:
    where = _owner(case)
    lost = case.look.at - (case.run.unlocked_since or case.look.at)
    nobody = case.team is not None and not case.team and not case.look.nameless
    if not nobody and lost < UNLOCKED_AT_FIRST and case.held.queue.identity.dialect not in _LOCKS_AT_ONCE:
        return Finding(Condition.TAKEN, "It has no lock: it was taken this moment, or has lost it.")
    back = f"{'the next worker to start' if nobody else 'the stall check of a connected worker'} gives it back"
    if case.went or (case.worker and where is Owner.GONE):
        return Finding(Condition.DEAD, f"{_who_went(case)}, and its lock has run out; {back}.")
    silent = [each for each in case.candidates if not _awake(each, case.overdue)]
    if silent and where is not Owner.GONE:
        return Finding(Condition.BLOCKED, f"Its lock has run out though {_connected(case)}: {_asleep(silent)}; {back}.")
    who = _why_unknown(case) if where is Owner.UNKNOWN else "Nobody works on it"
    return Finding(Condition.ORPHANED, f"It is active without a lock. {who.rstrip('.')}; {back}.")


def _hung(case: Case) -> Finding | None:
    usual, since, at = case.usual, case.held.since, case.look.at
    if usual is None or since is None or at - since < max(LONG, FAR_LONGER * usual.longest):
        return None
    still = at - case.run.still_since
    if still < min(STILL_MOST, max(STILL_LEAST, usual.longest)):
        return None
    said = f"Runs for {span(at - since)}; of the last {count(usual.runs)} of its name none took longer than"
    moved = f"its lock is renewed, but neither its progress nor its log has moved for {span(still)}"
    return Finding(Condition.HUNG, f"{said} {span(usual.longest)}. {_sentence(moved)}.")


def _beats(case: Case) -> str:
    if case.run.renewed_at is not None and case.team is not None and not case.candidates and not case.look.nameless:
        return "Its worker takes no more jobs, and still renews its lock: it shuts down."
    return ""


def _awake(connection: Connection, overdue: int) -> bool:
    """Whether it has sent a command since the renewal was due. Redis tells whole seconds, rounded down."""
    return connection.idle is not None and connection.idle + 1_000 <= overdue


def _one_went(case: Case, went: Vanished) -> str:
    which = f"Its worker {case.worker!r}" if case.worker else "A worker of this queue"
    return f"{which} at {went.address} vanished {_ago(case, went)}"


def _who_went(case: Case) -> str:
    if case.worker:
        return f"Its worker {case.worker!r} is not connected{_when(case)}"
    if case.team:
        team = len(case.team)
        others = "The one connected worker is" if team == 1 else f"All {count(team)} connected workers are"
        return f"{others} at other jobs, so its own is gone{_when(case)}"
    return f"No worker of this queue is connected{_when(case)}"


def _when(case: Case) -> str:
    went = case.went
    return f" (one at {went.address} vanished {_ago(case, went)})" if went else ""


def _ago(case: Case, went: Vanished) -> str:
    return f"{span(case.look.at - went.gone_at)} ago" if case.look.at - went.gone_at >= 1_000 else "just now"


def _connected(case: Case) -> str:
    if case.worker:
        return f"its worker {case.worker!r} is connected"
    number = len(case.candidates)
    return "a worker is connected" if number == 1 else f"{count(number)} workers are connected"


def _asleep(silent: Sequence[Connection]) -> str:
    idle = max((each.idle or 0 for each in silent), default=0)
    since = f"for {span(idle)}" if idle else "since"
    return f"it has sent nothing {since}, so its event loop is probably blocked, or its process stopped"


def _why_unknown(case: Case) -> str:
    if case.look.refusal:
        return f"Which of the two cannot be told: {case.look.refusal}"
    return "Which of the two cannot be told: workers of this Redis do not name their connections."


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]
