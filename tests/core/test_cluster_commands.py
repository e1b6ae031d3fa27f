"""Commands on a cluster: taken apart by slot and by master, and their answers put together."""

from __future__ import annotations

from typing import Any

import pytest
from redis.exceptions import ResponseError

from core.cluster.commands import apart, commands_in
from core.cluster.slots import slot
from core.cluster.topology import Topology
from core.node import pack

ONE, TWO = ("127.0.0.1", 7001), ("127.0.0.1", 7002)
HALVES = Topology((0, 8192), (8191, 16383), (ONE, TWO))
REFUSED = ResponseError("NOPERM")


@pytest.mark.parametrize(
    ("key", "number"),
    [(b"foo", 12182), (b"123456789", 12739), (b"{foo}:bar", 12182), (b"bull:{foo}:wait", 12182), (b"{}foo", 9500)],
)
def test_a_key_lies_in_the_slot_that_redis_puts_it_in(key: bytes, number: int) -> None:
    assert slot(key) == number


def test_packed_commands_are_read_back() -> None:
    packed = pack(b"GET", b"a") + pack(b"SET", b"b", b"\r\n$1\r\n") + pack("PING")
    assert commands_in(packed) == [[b"GET", b"a"], [b"SET", b"b", b"\r\n$1\r\n"], [b"PING"]]


@pytest.mark.parametrize(
    ("command", "key"),
    [
        ([b"GET", b"a"], b"a"),
        ([b"EVALSHA", b"sha", b"2", b"a", b"b", b"c"], b"a"),
        ([b"eval", b"return 1", b"0"], None),
        ([b"XINFO", b"STREAM", b"a"], b"a"),
        ([b"MEMORY", b"USAGE", b"a"], b"a"),
        ([b"EXISTS", b"a"], b"a"),
        ([b"PING"], None),
    ],
)
def test_a_command_goes_where_its_key_is(command: list[bytes], key: bytes | None) -> None:
    ((part,), _) = apart(command, HALVES)
    assert part.slot == (None if key is None else slot(key))


def test_the_cursor_of_a_scan_goes_through_one_master_after_the_other() -> None:
    seen, cursor = [], b"0"
    own = iter([b"17", b"0", b"0"])
    while True:
        ((part,), join) = apart([b"SCAN", cursor, b"COUNT", b"10"], HALVES)
        seen.append((part.master, part.command[1]))
        cursor, _keys = join([[next(own), []]])
        if cursor == b"0":
            break
    assert seen == [(0, b"0"), (0, b"17"), (1, b"0")]


def test_keys_of_several_slots_are_asked_for_apart_and_counted_together() -> None:
    parts, join = apart([b"EXISTS", b"foo", b"bar", b"{foo}2"], HALVES)
    assert [part.command for part in parts] == [[b"EXISTS", b"foo", b"{foo}2"], [b"EXISTS", b"bar"]]
    assert join([2, 1]) == 3
    assert join([2, REFUSED]) is REFUSED


def test_streams_of_several_slots_are_read_apart() -> None:
    parts, join = apart([b"XREAD", b"COUNT", b"5", b"STREAMS", b"foo", b"bar", b"1-0", b"2-0"], HALVES)
    assert [part.command[3:] for part in parts] == [[b"STREAMS", b"foo", b"1-0"], [b"STREAMS", b"bar", b"2-0"]]
    assert join([None, [[b"bar", []]]]) == [[b"bar", []]]
    assert join([None, None]) is None


def test_what_every_master_knows_is_added_up() -> None:
    answers: dict[str, tuple[list[Any], Any]] = {
        "DBSIZE": ([3, 4], 7),
        "PUBSUB CHANNELS": ([[b"a"], [b"b"]], [b"a", b"b"]),
        "INFO": (
            [b"used_memory:5\r\nrole:master", b"used_memory:6\r\nrole:master"],
            b"used_memory:11\r\nrole:master",
        ),
    }
    for command, (told, joined) in answers.items():
        parts, join = apart(command.encode().split(), HALVES)
        assert [part.master for part in parts] == [0, 1]
        assert join(told) == joined


def test_a_worker_is_known_where_its_queue_lies_though_it_is_connected_everywhere() -> None:
    line = b"id=%d addr=x name={foo}:bWFpbA== age=1 flags=%s db=0 sub=0 cmd=%s"
    here, elsewhere = line % (1, b"b", b"bzpopmin"), line % (2, b"N", b"info")
    _, join = apart([b"CLIENT", b"LIST"], HALVES)
    assert join([elsewhere, here]) == here + b"\n"


def test_a_slot_that_nobody_holds_is_nobodys() -> None:
    gap = Topology((0, 200), (100, 300), (ONE, TWO))
    assert [gap.owner(number) for number in (0, 100, 150, 200, 301)] == [ONE, ONE, None, TWO, None]


def test_a_node_without_an_address_is_the_one_that_was_asked() -> None:
    found = Topology.read([[0, 10, [b"", 7001, b"id"]], [11, 20, [b"127.0.0.1", 7002, b"id"]]], ONE)
    assert found.masters == (ONE, TWO)
