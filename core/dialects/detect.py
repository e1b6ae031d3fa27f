"""From a queue's signals to its dialect, with the evidence in words.

Structure and live workers outweigh `meta.version`, which only names the last Queue object anybody constructed
and which two ports write wrongly (redis-layout.md 6). Where the signals disagree, or none tells the generation,
the identity carries a doubt, and nothing is mutated.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from core.dialects.contract import is_marker
from core.dialects.signals import Signals
from core.model import Dialect, Identity
from core.text import printable, text

_MAX_VERSION = 40


@dataclass(frozen=True, slots=True)
class _Vote:
    """A sign and the dialects it admits. A weak one may be a leftover, and never makes a doubt."""

    admits: frozenset[Dialect]
    says: str
    strong: bool = True


_MQ = frozenset({Dialect.MQ_LIST, Dialect.MQ4, Dialect.MQ5})
_OLD = frozenset({Dialect.MQ_LIST, Dialect.MQ4})
_NEWEST = frozenset({Dialect.MQ5})


def detect(signals: Signals, before: Identity | None = None) -> Identity:
    """The identity these signals give. `before`, an earlier undoubted one, holds while they are silent."""
    found = _bullmq(signals) if _is_bullmq(signals) else _bull(signals)
    if found.doubt and before is not None and not before.doubt and before.library == found.library:
        return replace(before, evidence=(*before.evidence, "as seen earlier"))
    return found


def _is_bullmq(signals: Signals) -> bool:
    return bool(
        signals.types.get(b"events") == b"stream"
        or b"opts.maxLenEvents" in signals.meta
        or b"version" in signals.meta
        or any(signals.has(key) for key in (b"prioritized", b"pc", b"marker", b"waiting-children", b"groups"))
        or b"bzpopmin" in signals.waits_on
        or b"qs" in signals.waits_on
        or signals.job_fields & {b"atm", b"ats", b"pb"}
    )


def _bull(signals: Signals) -> Identity:
    evidence = ["no event stream and no BullMQ field in meta"]
    if signals.bull_channel:
        evidence.append("a worker listens on the delayed channel")
    if b"brpoplpush" in signals.waits_on:
        evidence.append("workers wait on BRPOPLPUSH")
    if signals.has(b"meta-paused"):
        evidence.append("key meta-paused")
    if b"retriedOn" in signals.job_fields:
        evidence.append("jobs carry retriedOn")
    return Identity(Dialect.BULL, None, tuple(evidence))


def _bullmq(signals: Signals) -> Identity:
    live, rest = _live(signals), [*_keys(signals), *_jobs(signals), *_version_votes(signals)]
    admitted, evidence, torn = _narrow([*live, *rest])
    version = _version(signals)
    # Workers that are connected now settle what leftovers of an upgrade or another tool's writing contradict.
    if torn and not (live and _narrow(live)[0] == admitted and not _narrow(live)[2]):
        return Identity(_newest_of(admitted), None, evidence, doubt=_MIXED)
    if len(admitted) > 1:
        return Identity(_newest_of(admitted), None, (*evidence, "event stream or BullMQ meta"), doubt=_SILENT)
    (dialect,) = admitted
    return Identity(dialect, version if _fits(version, dialect) else None, evidence, doubt=_pro(signals))


def _narrow(votes: list[_Vote]) -> tuple[frozenset[Dialect], tuple[str, ...], bool]:
    """The dialects that the votes leave, strongest vote first; a vote against what is left is noted, not counted."""
    admitted, evidence, torn = _MQ, [], False
    for vote in votes:
        if admitted & vote.admits:
            admitted &= vote.admits
            evidence.append(vote.says)
        else:
            torn = torn or vote.strong
            evidence.append(f"against that: {vote.says}")
    return admitted, tuple(evidence), torn


def _newest_of(admitted: frozenset[Dialect]) -> Dialect:
    return max(admitted, key=_AGE.index)


_AGE = (Dialect.MQ_LIST, Dialect.MQ4, Dialect.MQ5)
_MIXED = "The signs disagree about which BullMQ generation works here, so nothing is changed: pin the dialect to act."
_SILENT = (
    "Nothing here tells yet which BullMQ generation wrote this queue, because no worker of it has run: "
    "actions wait until one does, or pin the dialect."
)
_PRO = "This is a BullMQ Pro queue: its groups keep counts that an action from outside would break."


def _live(signals: Signals) -> list[_Vote]:
    votes = []
    if b"bzpopmin" in signals.waits_on:
        votes.append(_Vote(_NEWEST, "workers wait on BZPOPMIN (5 or later)"))
    if b"brpoplpush" in signals.waits_on:
        votes.append(_Vote(_OLD, "workers wait on BRPOPLPUSH (4 or earlier)"))
    if b"qs" in signals.waits_on:
        votes.append(_Vote(frozenset({Dialect.MQ_LIST}), "a QueueScheduler is connected (1.x)"))
    return votes


def _keys(signals: Signals) -> list[_Vote]:
    votes = []
    if signals.has(b"marker"):
        votes.append(_Vote(_NEWEST, "key marker (5 or later)"))
    if signals.has(b"prioritized") or signals.has(b"pc"):
        votes.append(_Vote(frozenset({Dialect.MQ4, Dialect.MQ5}), "key prioritized or pc (4 or later)"))
    if signals.has(b"priority"):
        votes.append(_Vote(frozenset({Dialect.MQ_LIST}), "key priority (3 or earlier)"))
    if signals.types.get(b"delay") == b"stream":
        votes.append(_Vote(frozenset({Dialect.MQ_LIST}), "stream delay (1.x or 2.x)", strong=False))
    if any(is_marker(member) for member in signals.list_members):
        votes.append(_Vote(_OLD, "a marker inside the waiting list (3.1 to 4)"))
    return votes


def _jobs(signals: Signals) -> list[_Vote]:
    votes = []
    if any({b"atm", b"ats"} & job.keys() for job in signals.jobs):
        votes.append(_Vote(_NEWEST, "jobs carry atm and ats (5 or later)"))
    elif any(b"attemptsMade" in job for job in signals.jobs):
        votes.append(_Vote(_OLD, "jobs carry attemptsMade without atm (4 or earlier)", strong=False))
    return votes


def _version_votes(signals: Signals) -> list[_Vote]:
    version = _version(signals)
    major = _major(version)
    if major is None:
        return []
    if major >= 5:
        return [_Vote(_NEWEST, f"meta says version {version}", strong=False)]
    # 1.x and 2.x may be the .NET port, which writes its own number while it runs the newest scripts.
    if major >= 3:
        dialect = Dialect.MQ4 if major == 4 else Dialect.MQ_LIST
        return [_Vote(frozenset({dialect}), f"meta says version {version}", strong=False)]
    return []


def _version(signals: Signals) -> str | None:
    raw = signals.meta.get(b"version", b"")[:_MAX_VERSION]
    _, _, number = text(raw).rpartition(":")
    return printable(number) if number[:1].isdigit() else None


def _major(version: str | None) -> int | None:
    head = (version or "").split(".")[0]
    return int(head) if head.isdigit() else None


def _fits(version: str | None, dialect: Dialect) -> bool:
    major = _major(version)
    if major is None:
        return False
    return {Dialect.MQ5: major >= 5, Dialect.MQ4: major == 4, Dialect.MQ_LIST: major <= 3}.get(dialect, False)


def _pro(signals: Signals) -> str:
    named_pro = signals.meta.get(b"version", b"").startswith(b"bullmq-pro")
    return _PRO if named_pro or signals.has(b"groups") or b"gid" in signals.job_fields else ""
