"""From a queue's signals to its dialect, with the evidence in words.

Structure and live workers outweigh `meta.version`, which only names the last Queue object anybody constructed
and which two ports write wrongly (docs/redis-layout.md 6). Where the signals disagree, or none tells the generation,
the identity carries a doubt, and nothing is mutated.
"""

from __future__ import annotations

from dataclasses import replace

from core.dialects.signals import GROUPS, Signals
from core.dialects.since import at_least
from core.dialects.votes import all_votes, fits, live_votes, tally, version_of
from core.model import Dialect, Identity

_MIXED = "The signs disagree about which BullMQ generation works here, so nothing is changed: pin the dialect to act."
_SILENT = (
    "Nothing here tells yet which BullMQ generation wrote this queue, because no worker of it has run: "
    "actions wait until one does, or pin the dialect."
)
_BOTH = "Both Bull and BullMQ have left their signs here, so nothing is changed: pin the dialect to act."
_PRO = (
    "This is a BullMQ Pro queue: its groups keep counts that an action from outside would break, so it is only read. "
    "Jobs that wait in a group are in none of the states here."
)
_EARLIER = "as seen earlier"


def detect(signals: Signals, before: Identity | None = None) -> Identity:
    """The identity these signals give. `before`, an earlier undoubted one, holds until something speaks against it."""
    found = _bullmq(signals) if _is_bullmq(signals) else _bull(signals)
    if before is None or before.doubt or not _holds(before, found, signals):
        return found
    return replace(before, evidence=tuple(dict.fromkeys((*before.evidence, _EARLIER))))


def remembering(found: Identity, before: Identity | None) -> Identity:
    """What was found, after `before`: a queue that ever claimed to be of a version before 6 may still have clients of
    it, though another has written its own version over theirs."""
    if before is None or found.also_before_6 or not at_least(found, 6):
        return found
    if not before.also_before_6 and at_least(before, 6) is not False:
        return found
    said = "against that: something of a version before 6 was seen earlier"
    return replace(found, also_before_6=True, evidence=(*found.evidence, said))


def pinned(found: Identity, dialect: Dialect) -> Identity:
    """What was found, overruled by an operator. A Pro queue stays closed: its groups are no matter of dialect."""
    version = found.version if fits(found.version, dialect) else None
    doubt = found.doubt if found.doubt == _PRO else ""
    evidence = ("pinned in the settings", *found.evidence)
    return Identity(dialect, version, evidence, pinned=True, doubt=doubt, also_before_6=found.also_before_6)


def _is_bullmq(signals: Signals) -> bool:
    """A `meta` proves nothing on a queue of Bull: any dashboard that constructs BullMQ's Queue on it writes one."""
    if _has_structure(signals):
        return True
    return not _bull_signs(signals) and (b"opts.maxLenEvents" in signals.meta or b"version" in signals.meta)


def _has_structure(signals: Signals) -> bool:
    return bool(
        signals.types.get(b"events") == b"stream"
        or any(signals.has(key) for key in (b"prioritized", b"pc", b"marker", b"waiting-children", *GROUPS))
        or b"bzpopmin" in signals.waits_on
        or b"qs" in signals.waits_on
        or signals.job_fields & {b"atm", b"ats", b"pb"}
        # Bull's workers would listen on a channel; those of an old BullMQ without any job have written nothing yet.
        or (b"brpoplpush" in signals.waits_on and not signals.bull_channel and signals.counter is None)
    )


def _bull_signs(signals: Signals) -> list[str]:
    signs = []
    if signals.bull_channel:
        signs.append("a worker listens on the delayed channel")
    if signals.has(b"meta-paused"):
        signs.append("key meta-paused")
    if b"retriedOn" in signals.job_fields:
        signs.append("jobs carry retriedOn")
    if signals.counter is not None and signals.types.get(b"events") != b"stream":
        signs.append("jobs were added without an event stream")
    return signs


def _bull(signals: Signals) -> Identity:
    evidence = _bull_signs(signals) or ["nothing of BullMQ"]
    if b"brpoplpush" in signals.waits_on:
        evidence.append("workers wait on BRPOPLPUSH")
    written_over = b"opts.maxLenEvents" in signals.meta or b"version" in signals.meta
    if written_over:
        evidence.append("against that: meta has fields of BullMQ")
    doubt = _BOTH if written_over and not _bull_works(signals) else ""
    return Identity(Dialect.BULL, None, tuple(evidence), doubt=doubt)


def _bullmq(signals: Signals) -> Identity:
    live, everything = tally(live_votes(signals)), tally(all_votes(signals))
    version, evidence = version_of(signals), everything.evidence
    if pro := _pro_signs(signals):
        claimed = version if fits(version, everything.newest) else None
        return Identity(everything.newest, claimed, (*pro, *evidence), doubt=_PRO)
    if _is_both(signals):
        return Identity(everything.newest, None, (*evidence, *_bull_signs(signals)), doubt=_BOTH)
    # Workers that are connected now settle what leftovers of an upgrade or another tool's writing contradict.
    if everything.torn and (live.torn or live.admitted != everything.admitted):
        return Identity(everything.newest, None, evidence, doubt=_MIXED)
    if len(everything.admitted) > 1:
        return Identity(everything.newest, None, (*evidence, "event stream or BullMQ meta"), doubt=_SILENT)
    (dialect,) = everything.admitted
    version, older = (version, _signs_before_6(signals, version)) if fits(version, dialect) else (None, ())
    return Identity(dialect, version, (*evidence, *older), also_before_6=bool(older))


def _bull_works(signals: Signals) -> bool:
    return signals.bull_channel and b"bzpopmin" not in signals.waits_on and b"qs" not in signals.waits_on


def _is_both(signals: Signals) -> bool:
    """What Bull left behind is settled by live workers of BullMQ; a live worker of Bull is not."""
    leftover = signals.has(b"meta-paused") or b"retriedOn" in signals.job_fields
    return signals.bull_channel or (leftover and not signals.waits_on)


def _signs_before_6(signals: Signals, version: str | None) -> tuple[str, ...]:
    """What contradicts a claim to be of 6 or later, which only a Queue object writes, of whichever tool."""
    if (version or "").split(".")[0] == "5":
        return ()
    signs = []
    if signals.types.get(b"paused") == b"list":
        signs.append("against 6: a list paused (5 or earlier)")
    if b"nrjid" in signals.job_fields:
        signs.append("against 6: jobs carry nrjid (5)")
    return tuple(signs)


def _pro_signs(signals: Signals) -> tuple[str, ...]:
    signs = [f"key {key.decode()} (Pro)" for key in GROUPS if signals.has(key)]
    if signals.meta.get(b"version", b"").startswith(b"bullmq-pro"):
        signs.append("meta says it is BullMQ Pro")
    if b"gid" in signals.job_fields:
        signs.append("jobs carry gid (Pro)")
    return tuple(signs)


def _holds(before: Identity, found: Identity, signals: Signals) -> bool:
    """Whether what was settled earlier outweighs what is seen now: silence, leftovers, a version written over."""
    if found.library != before.library or (found.library == "bullmq" and found.doubt in (_PRO, _BOTH)):
        return False
    if found.dialect is before.dialect and not found.doubt:
        return False
    if found.dialect is Dialect.BULL:
        return True
    live, strong = tally(live_votes(signals)), [vote for vote in all_votes(signals) if vote.strong]
    if live.torn or before.dialect not in live.admitted:
        return False
    if found.doubt:
        return not any(vote.speaks_only_for_newer_than(before.dialect) for vote in strong)
    return all(before.dialect in vote.admits for vote in strong)
