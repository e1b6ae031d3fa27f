"""The known queues of an instance: how their names are split, what changes them, and what never does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
import redis as redis_py

from core.clients import Connection
from core.dialects.signals import read_signals
from core.discovery import Walk
from core.errors import Unavailable
from core.instance import Instance
from core.model import Dialect
from core.register import Register
from core.survey.rounds import survey
from tests.core import layout

SUB, MAIL = b"bull:Q:sub:", b"bull:eu:mail:"


def worker(prefix: bytes, queue: bytes, command: bytes = b"bzpopmin") -> Connection:
    return Connection(prefix, queue, "", free=True, command=command)


def registered(instance: Instance) -> Register:
    return Register(instance, Walk(instance))


def places(register: Register) -> set[tuple[str, str]]:
    return {(watched.id.prefix, watched.id.name) for watched in register.watched}


def dialects(register: Register) -> list[Dialect]:
    return [watched.identity.dialect for watched in register.watched]


async def test_a_workers_name_splits_its_own_queue_only(instance: Instance, redis: redis_py.Redis) -> None:
    register = registered(instance)
    layout.queue(redis, SUB)
    layout.queue(redis, MAIL)
    await register.meet([worker(b"bull", b"Q:sub")], ())
    await register.add([SUB, MAIL])
    assert places(register) == {("bull", "Q:sub"), ("bull:eu", "mail")}


async def test_a_name_stays_split_as_it_was_when_its_worker_leaves(instance: Instance, redis: redis_py.Redis) -> None:
    register = registered(instance)
    layout.queue(redis, SUB)
    await register.meet([worker(b"bull", b"Q:sub")], ())
    await register.meet([], ())
    await register.add([SUB])
    assert places(register) == {("bull", "Q:sub")}


async def test_a_colon_belongs_to_bulls_names_and_to_bullmqs_prefixes(
    instance: Instance, redis: redis_py.Redis
) -> None:
    register = registered(instance)
    layout.bull(redis, SUB)
    layout.queue(redis, MAIL)
    await register.add([SUB, MAIL])
    assert places(register) == {("bull", "Q:sub"), ("bull:eu", "mail")}


async def test_a_reading_that_is_under_way_is_not_confused_by_a_new_verdict(
    instance: Instance, redis: redis_py.Redis
) -> None:
    register, base = registered(instance), b"bull:mail:"
    layout.bull(redis, base)
    await register.add([base])
    (before,) = register.watched
    layout.queue(redis, base)
    await register.meet([worker(b"bull", b"mail")], ())
    assert (before.identity.dialect, register.watched[0].identity.dialect) == (Dialect.BULL, Dialect.MQ5)
    for watched in (before, *register.watched):
        (draft,) = await survey(instance, [watched], layout.now())
        assert draft.ids == 1


async def test_what_is_remembered_of_a_queue_outlasts_a_new_verdict(instance: Instance, redis: redis_py.Redis) -> None:
    register, base = registered(instance), layout.queue(redis, version="4.18.3")
    redis.delete(base + b"marker")
    await register.add([base])
    (before,) = register.watched
    await register.meet([worker(b"bull", b"mail")], ())
    (after,) = register.watched
    assert before.identity != after.identity
    assert (before.deep, before.bands, before.readiness) == (after.deep, after.bands, after.readiness)


async def test_a_queue_is_looked_at_again_when_its_workers_change(instance: Instance, redis: redis_py.Redis) -> None:
    register, base = registered(instance), layout.queue(redis, version="4.18.3")
    redis.delete(base + b"marker")
    await register.add([base])
    assert dialects(register) == [Dialect.MQ4]
    await register.meet([worker(b"bull", b"mail")], ())
    assert dialects(register) == [Dialect.MQ5]
    assert register.is_served(base)
    await register.meet([], ())
    assert not register.is_served(base)


class Signals:
    """The real answers, but none about queues that are away."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, instance: Instance, *away: bytes) -> None:
        self.away, self.known_away = set(away), set[bytes]()
        monkeypatch.setattr("core.register.read_signals", self.read)
        monkeypatch.setattr(instance, "reaches", lambda base: base not in self.known_away)

    async def read(self, instance: Instance, bases: Sequence[bytes]) -> list[Any]:
        if gone := self.away & set(bases):
            self.known_away |= gone & {SUB}
            raise Unavailable("It cannot be reached.")
        return await read_signals(instance, bases)

    def back(self) -> None:
        self.away, self.known_away = set(), set()


async def test_a_queue_of_which_only_a_worker_tells_is_looked_at_once_redis_is_back(
    instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    register, signals = registered(instance), Signals(monkeypatch, instance, MAIL)
    connected = [worker(b"bull:eu", b"mail")]
    with pytest.raises(Unavailable):
        await register.meet(connected, ())
    signals.back()
    await register.meet(connected, ())
    assert places(register) == {("bull:eu", "mail")}


async def test_queues_of_a_part_that_is_away_do_not_keep_the_others_from_being_taken_in(
    instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    register, signals = registered(instance), Signals(monkeypatch, instance, SUB)
    connected = [worker(b"bull:eu", b"mail"), worker(b"bull", b"Q:sub")]
    await register.meet(connected, ())
    assert places(register) == {("bull:eu", "mail")}
    signals.back()
    await register.meet(connected, ())
    assert places(register) == {("bull:eu", "mail"), ("bull", "Q:sub")}
