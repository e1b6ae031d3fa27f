"""The signs that tell one BullMQ generation from another, strongest first, each with its evidence in words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from core.dialects.contract import is_marker
from core.dialects.signals import Signals
from core.model import Dialect
from core.text import printable, text

_MAX_VERSION = 40
AGE = (Dialect.MQ_LIST, Dialect.MQ4, Dialect.MQ5)
_OLD = frozenset({Dialect.MQ_LIST, Dialect.MQ4})
_NEWEST = frozenset({Dialect.MQ5})


@dataclass(frozen=True, slots=True)
class Vote:
    """A sign and the dialects it admits. A weak one may be a leftover, and never makes a doubt."""

    admits: frozenset[Dialect]
    says: str
    strong: bool = True

    def speaks_only_for_newer_than(self, dialect: Dialect) -> bool:
        return all(AGE.index(admitted) > AGE.index(dialect) for admitted in self.admits)


@dataclass(frozen=True, slots=True)
class Tally:
    """What votes leave. `torn` when strong ones contradict each other."""

    admitted: frozenset[Dialect]
    evidence: tuple[str, ...]
    torn: bool

    @property
    def newest(self) -> Dialect:
        return max(self.admitted, key=AGE.index)


def tally(votes: Iterable[Vote]) -> Tally:
    """The votes in their order; one against what the earlier ones left is noted, not counted."""
    admitted, evidence, torn = frozenset(AGE), [], False
    for vote in votes:
        if admitted & vote.admits:
            admitted &= vote.admits
            evidence.append(vote.says)
        else:
            torn = torn or vote.strong
            evidence.append(f"against that: {vote.says}")
    return Tally(admitted, tuple(evidence), torn)


def all_votes(signals: Signals) -> list[Vote]:
    return [*live_votes(signals), *_keys(signals), *_jobs(signals), *_version_votes(signals)]


def live_votes(signals: Signals) -> list[Vote]:
    """What the workers say that are connected now."""
    votes = []
    if b"bzpopmin" in signals.waits_on:
        votes.append(Vote(_NEWEST, "workers wait on BZPOPMIN (5 or later)"))
    if b"brpoplpush" in signals.waits_on:
        votes.append(Vote(_OLD, "workers wait on BRPOPLPUSH (4 or earlier)"))
    if b"qs" in signals.waits_on:
        votes.append(Vote(frozenset({Dialect.MQ_LIST}), "a QueueScheduler is connected (1.x)"))
    return votes


def _keys(signals: Signals) -> list[Vote]:
    votes = []
    if signals.has(b"marker"):
        votes.append(Vote(_NEWEST, "key marker (5 or later)"))
    if signals.has(b"prioritized") or signals.has(b"pc"):
        votes.append(Vote(frozenset({Dialect.MQ4, Dialect.MQ5}), "key prioritized or pc (4 or later)"))
    if signals.has(b"priority"):
        votes.append(Vote(frozenset({Dialect.MQ_LIST}), "key priority (3 or earlier)"))
    if signals.types.get(b"delay") == b"stream":
        votes.append(Vote(frozenset({Dialect.MQ_LIST}), "stream delay (1.x or 2.x)", strong=False))
    if any(is_marker(member) for member in signals.list_members):
        votes.append(Vote(_OLD, "a marker inside the waiting list (3.1 to 4)"))
    return votes


def _jobs(signals: Signals) -> list[Vote]:
    if any({b"atm", b"ats"} & job.keys() for job in signals.jobs):
        return [Vote(_NEWEST, "jobs carry atm and ats (5 or later)")]
    if any(b"attemptsMade" in job for job in signals.jobs):
        return [Vote(_OLD, "jobs carry attemptsMade without atm (4 or earlier)", strong=False)]
    return []


def _version_votes(signals: Signals) -> list[Vote]:
    version = version_of(signals)
    major = _major(version)
    # 1.x and 2.x may be the .NET port, which writes its own number while it runs the newest scripts.
    if major is None or major < 3:
        return []
    says = f"meta says version {version}"
    if major >= 5 and _wait_unmarked(signals):
        return [Vote(frozenset(AGE), f"{says}, but jobs wait without the marker that it would set", strong=False)]
    dialect = Dialect.MQ5 if major >= 5 else Dialect.MQ4 if major == 4 else Dialect.MQ_LIST
    return [Vote(frozenset({dialect}), says, strong=False)]


def _wait_unmarked(signals: Signals) -> bool:
    """Whether nothing marks jobs that wait. From 5 on only a worker takes the marker away, or a pause."""
    waiting = any(signals.has(key) for key in (b"wait", b"delayed", b"prioritized"))
    return waiting and not signals.has(b"marker") and b"paused" not in signals.meta and not signals.waits_on


def version_of(signals: Signals) -> str | None:
    """What `meta` claims, as `6.7.0`."""
    raw = signals.meta.get(b"version", b"")[:_MAX_VERSION]
    _, _, number = text(raw).rpartition(":")
    return printable(number) if number[:1].isdigit() else None


def fits(version: str | None, dialect: Dialect) -> bool:
    """Whether a library of that version writes that dialect."""
    major = _major(version)
    if major is None:
        return False
    return {Dialect.MQ5: major >= 5, Dialect.MQ4: major == 4, Dialect.MQ_LIST: major <= 3}.get(dialect, False)


def _major(version: str | None) -> int | None:
    head = (version or "").split(".")[0]
    return int(head) if head.isdecimal() else None
