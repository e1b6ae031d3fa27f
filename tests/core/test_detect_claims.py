"""A claim to be of BullMQ 6 is doubted where something of before is seen, and a queue of Pro stays closed."""

from __future__ import annotations

import pytest

from core.dialects.detect import detect, pinned, remembering
from core.dialects.signals import Signals
from core.model import Dialect, Identity
from core.mutations.act import pauses_by
from tests.core.test_detect import BZPOPMIN, EVENTS, RAN_ON_4, RAN_ON_5, meta, seen

SIX = seen({**EVENTS, b"marker": b"zset"}, meta("6.7.0"))


def test_a_queue_of_6_that_nothing_contradicts_is_paused_as_6_does() -> None:
    assert pauses_by(detect(SIX)) == "flag_only"


@pytest.mark.parametrize(
    "signals",
    [
        seen({**EVENTS, b"marker": b"zset", b"paused": b"list"}, meta("6.7.0")),
        seen({**EVENTS, b"marker": b"zset"}, meta("6.7.0"), jobs=({**RAN_ON_5, b"nrjid": b""},)),
    ],
)
def test_a_sign_of_5_outweighs_the_claim_and_is_named(signals: Signals) -> None:
    found = detect(signals)
    assert (found.dialect, found.version, found.doubt) == (Dialect.MQ5, "6.7.0", "")
    assert pauses_by(found) == "rename_merge"
    assert any(said.startswith("against 6: ") for said in found.evidence)
    assert pauses_by(pinned(found, Dialect.MQ5)) == "rename_merge"


def test_a_version_that_another_tool_wrote_over_is_remembered() -> None:
    five = detect(seen({**EVENTS, b"marker": b"zset"}, meta("5.81.5")))
    overwritten = remembering(detect(SIX, five), five)
    assert (overwritten.version, pauses_by(overwritten)) == ("6.7.0", "rename_merge")
    assert "against that: something of a version before 6 was seen earlier" in overwritten.evidence
    later = remembering(detect(SIX, overwritten), overwritten)
    assert pauses_by(later) == "rename_merge"
    assert later == remembering(detect(SIX, later), later), "the evidence does not grow"


@pytest.mark.parametrize("before", [None, detect(SIX), Identity(Dialect.MQ5, None, ())])
def test_nothing_is_remembered_of_a_queue_that_never_claimed_otherwise(before: Identity | None) -> None:
    assert remembering(detect(SIX), before) == detect(SIX)


PRO = [
    seen({**EVENTS, b"groups": b"zset"}),
    seen({**EVENTS, b"groups:active": b"zset"}),
    seen({**EVENTS, b"marker": b"zset"}, {**meta(), b"version": b"bullmq-pro:7.21.0"}),
    seen(EVENTS, jobs=({**RAN_ON_5, b"gid": b""},)),
]


@pytest.mark.parametrize("signals", PRO)
def test_a_queue_of_pro_is_closed_with_its_evidence(signals: Signals) -> None:
    found = detect(signals)
    assert found.dialect is Dialect.MQ5
    assert found.doubt.startswith("This is a BullMQ Pro queue")
    assert any("Pro" in said for said in found.evidence)


@pytest.mark.parametrize("signals", PRO)
def test_neither_memory_nor_a_pin_nor_other_signs_open_it(signals: Signals) -> None:
    before = detect(seen({**EVENTS, b"marker": b"zset"}, meta("5.81.5"), live={BZPOPMIN}))
    assert before.doubt == ""
    torn = Signals(
        {**signals.types, b"marker": b"zset"}, signals.meta, b"7", (b"0:0",), (*signals.jobs, RAN_ON_4), frozenset()
    )
    for found in (detect(signals, before), detect(torn, before), pinned(detect(torn), Dialect.MQ4)):
        assert found.doubt.startswith("This is a BullMQ Pro queue")
