"""What is known of a cluster of which a part is away, and what of it is said."""

from __future__ import annotations

import pytest
from redis.exceptions import ResponseError

from core.cluster.commands import Gone, apart, past
from core.cluster.presence import Presence
from core.cluster.topology import Topology

ONE, TWO = ("10.0.0.1", 7001), ("10.0.0.2", 7002)
GAPPED = Topology((0, 9000), (8191, 16_000), (ONE, TWO))
REFUSED = ConnectionError("refused")


def told(presence: Presence, topology: Topology = GAPPED) -> str:
    return "; ".join(presence.told(topology))


def test_slots_that_nobody_holds_are_found_at_both_ends_and_between() -> None:
    assert GAPPED.gaps == ((8192, 8999), (16_001, 16_383))
    assert Topology((1,), (2,), (ONE,)).gaps == ((0, 0), (3, 16_383))
    assert Topology((0,), (16_383,), (ONE,)).gaps == ()
    assert Topology((), (), ()).gaps == ((0, 16_383),)


def test_replicas_are_kept_as_places_to_ask() -> None:
    reply = [[0, 16_383, [b"10.0.0.1", 7001, b"id"], [b"10.0.0.2", 7002, b"id"], [b"", 7003, b"id"]]]
    found = Topology.read(reply, ("10.0.0.9", 7009))
    assert found.masters == (ONE,)
    assert found.replicas == (TWO, ("10.0.0.9", 7003))


def test_a_master_that_is_away_is_named_with_its_slots_and_nobody_waits_for_it() -> None:
    presence = Presence()
    presence.failed(ONE, REFUSED, 0.0)
    assert presence.absence(ONE) is REFUSED
    assert presence.absence(TWO) is None
    assert told(presence) == (
        "10.0.0.1:7001 with slots 0–8191 (refused); slots 8192–8999, 16001–16383, which no master holds"
    )
    presence.answered(ONE)
    assert presence.absence(ONE) is None


def test_one_that_is_no_master_any_more_is_not_missed() -> None:
    presence = Presence()
    presence.failed(ONE, REFUSED, 0.0)
    whole = Topology((0,), (16_383,), (TWO,))
    presence.known(whole)
    assert told(presence, whole) == ""


def test_many_ranges_are_not_all_told() -> None:
    presence = Presence()
    presence.failed(ONE, REFUSED, 0.0)
    starts = tuple(range(0, 16_384, 2))
    told_of = told(presence, Topology(starts, starts, (ONE,) * len(starts)))
    assert "slots 0, 2, 4 and 8189 more ranges (refused)" in told_of
    assert len(told_of) < 300


@pytest.mark.parametrize("command", [b"DBSIZE", b"PUBSUB", b"INFO"])
def test_who_asks_all_masters_is_told_of_those_that_answer(command: bytes) -> None:
    there = {b"DBSIZE": 5, b"PUBSUB": [b"a"], b"INFO": b"used_memory:1"}[command]
    _, join = apart([command], GAPPED)
    assert join([Gone(REFUSED), there]) == there
    refused = ResponseError("NOPERM")
    assert join([Gone(REFUSED), refused]) is refused


def test_clients_of_a_master_that_is_away_are_left_out() -> None:
    _, join = apart([b"CLIENT", b"LIST"], GAPPED)
    assert join([Gone(REFUSED), b"id=1 name=x\n"]) == b"id=1 name=x\n"


def test_a_master_that_is_away_has_no_keys_to_tell_and_a_walk_can_go_past_it() -> None:
    (_, join) = apart([b"SCAN", b"0", b"COUNT", b"10"], GAPPED)
    with pytest.raises(ConnectionError):
        join([Gone(REFUSED)])
    assert [past(cursor, 2) for cursor in (b"0", b"7@0", b"7@1")] == [b"0@1", b"0@1", b"0"]


def test_one_that_answered_somebody_else_meanwhile_is_not_away() -> None:
    presence = Presence()
    presence.answered(ONE)
    presence.failed(ONE, REFUSED, 3_600.0)
    presence.failed(TWO, REFUSED, 3_600.0)
    assert presence.absence(ONE) is None
    assert presence.absence(TWO) is REFUSED
