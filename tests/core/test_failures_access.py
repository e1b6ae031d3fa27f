"""Who sees some of the queues learns nothing of the others from failures, and decides nothing for them."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator

import pytest
import redis as redis_py

from core.access.asker import Asker, asking
from core.access.roles import OPERATOR, VIEWER
from core.audit.entry import Ended, Sought
from core.audit.trail import Trail
from core.errors import Forbidden, NotFound, Unavailable
from core.failures import evidence
from core.failures.book import Book
from core.failures.evidence import Example, heard, left
from core.failures.fingerprint import fingerprint
from core.failures.groups import Group
from core.failures.marks import Mark, Standing
from core.failures.survey import FailureSurvey
from core.herd import Herd
from core.instance import Instance
from core.model import Dialect, Identity, Queue, QueueId, State
from core.redis_settings import RedisSettings
from core.sight import Sight, now
from core.snapshot import Pass, Reading, Snapshot
from core.store.memory import MemoryStore
from core.store.remote import RedisStore
from tests.core import layout
from tests.core.waiting import read_now, soon, still
from tickbird.demo.server import EmbeddedServer

MAIL, PUSH = (QueueId("default", "bull", name) for name in ("mail", "push"))
EVE = Asker("eve", "operator", OPERATOR, queues=("push",))
HERS = Asker("eve", "operator", OPERATOR, instances=("default",))
AWAY = RedisSettings("other", "redis://127.0.0.1:1/0", ("*",))
ADAS, EVES = (f"Order {number} of {who}@example.com not found" for number, who in ((4411, "ada"), (5522, "eve")))


@pytest.fixture
async def herd(server: EmbeddedServer, redis: redis_py.Redis) -> AsyncIterator[Herd]:
    """Of one group a failure in each queue, in words of its own; and in each a group that is only its own."""
    for name, said in (("mail", ADAS), ("push", EVES)):
        base = layout.queue(redis, f"bull:{name}:")
        layout.failed(redis, base, f"{name}-shared", failedReason=said)
        layout.failed(redis, base, f"{name}-own", failedReason=f"only {name} says this")
    async with still(server.url) as herd:
        yield herd


async def keys(herd: Herd) -> dict[str, str]:
    """The groups by their messages, once all is read."""

    async def all_known() -> dict[str, str] | None:
        seen = await herd.failures.look(0.5)
        return {g.fingerprint.message: g.key for g in seen.groups} if seen.known == seen.total else None

    found = await soon(all_known)
    assert found is not None
    return found


def shared(groups: dict[str, str]) -> str:
    return next(key for message, key in groups.items() if message.startswith("Order"))


async def test_what_a_hidden_queue_said_is_in_no_evidence(
    herd: Herd, redis: redis_py.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as deaf:
        deaf.setattr("core.failures.witness.AT_ONCE", 0)
        await keys(herd)
        redis.zrem("bull:push:failed", "push-shared")
        await read_now(herd)
        await keys(herd)
    key = shared(await keys(herd))
    group = await soon(lambda: heard_of(herd, key))
    assert group is not None
    assert group.evidence is not None
    assert group.evidence.gone == 1
    with asking(EVE):
        seen = repr(await herd.failures.look(0.5))
        assert "ada@" not in seen
        assert "mail" not in seen
        with pytest.raises(NotFound):
            await herd.failures.group(key, 0.5)


async def heard_of(herd: Herd, key: str) -> Group | None:
    """The group, once one of its failures is kept in its own words."""
    group = await herd.failures.group(key, 0.5)
    return group if group.evidence and group.evidence.example else None


def test_evidence_names_every_queue_it_has_words_or_numbers_of_and_is_not_trusted_when_there_are_too_many() -> None:
    how, at = fingerprint("send", "no"), 1_800_000_000_000
    counted = left(None, how, PUSH, [at], at)
    assert counted.is_all_of({PUSH}.__contains__)
    told = heard(counted, how, at, Example(MAIL, "1", "no", ""))
    assert (told.queues, told.is_all_of({PUSH}.__contains__)) == ((PUSH, MAIL), False)
    many = [QueueId("default", "bull", f"push-{number}") for number in range(evidence.MOST_QUEUES)]
    for queue in many:
        told = left(told, how, queue, [at], at)
    assert MAIL not in told.queues
    assert not left(told, how, PUSH, [at], at).is_all_of({*many, PUSH}.__contains__)


async def test_trouble_with_an_instance_is_told_to_those_for_whom_it_is_there(instance: Instance) -> None:
    here, there = (
        Queue(QueueId(name, "bull", "mail"), Identity(Dialect.MQ5, "6.7.0", ()), False, {State.FAILED: 1})
        for name in ("default", "other")
    )
    readings = tuple(Reading(queue.id.instance, now(), (queue,), None, Pass()) for queue in (here, there))
    away, store = Instance(AWAY), RedisStore("redis://127.0.0.1:1")
    survey = FailureSurvey(Sight({"default": instance, "other": away}, Snapshot(1, readings)), store, Trail(store))
    try:
        await survey.look(5)
        assert "other" in repr((await survey.look(5)).trouble)
        with asking(HERS):
            told = repr((await survey.look(5)).trouble)
        assert "other" not in told
        assert "127.0.0.1" not in told
        assert "may be missing" in told
    finally:
        await survey.stop()
        await away.close()
        await store.close()


@pytest.mark.parametrize("mark", [Mark(Standing.RESOLVED, 1, "eve"), Mark(Standing.IGNORED, 1, "eve", rate=9), None])
async def test_who_sees_a_part_of_a_group_does_not_decide_for_the_rest(herd: Herd, mark: Mark | None) -> None:
    with asking(EVE):
        groups = await keys(herd)
        assert len(groups) == 2
        with pytest.raises(Forbidden, match="queues that are not yours"):
            await herd.failures.mark(shared(groups), mark)
        await herd.failures.mark(groups["only push says this"], mark)
    theirs = (await keys(herd))["only mail says this"]
    with asking(EVE), pytest.raises(NotFound):
        await herd.failures.mark(theirs, mark)
    assert all(
        group.mark is None or "push" in group.fingerprint.message for group in (await herd.failures.look(0)).groups
    )


async def test_nothing_is_decided_for_queues_of_which_it_is_not_known_why_they_fail(
    herd: Herd, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = (await keys(herd))["only push says this"]

    async def refresh(*_: object) -> None:
        raise Unavailable("Redis default cannot be reached.")

    monkeypatch.setattr("core.failures.book.Book.refresh", refresh)
    herd.failures._books[MAIL] = Book(total=2)
    with asking(EVE), pytest.raises(Unavailable, match="not known yet"):
        await herd.failures.mark(key, Mark(Standing.RESOLVED, now(), "eve"))


async def test_a_group_whose_hidden_part_was_retried_is_still_not_theirs_alone(herd: Herd) -> None:
    key = shared(await keys(herd))
    await herd.mutations.retry(MAIL, "mail-shared")
    await read_now(herd)
    with asking(EVE), pytest.raises(Forbidden):
        await herd.failures.mark(key, Mark(Standing.RESOLVED, now(), "eve"))


async def test_who_may_not_retry_decides_nothing(herd: Herd) -> None:
    key = shared(await keys(herd))
    with asking(Asker("kim", "viewer", VIEWER)), pytest.raises(Forbidden):
        await herd.failures.mark(key, Mark(Standing.RESOLVED, now(), "kim"))
    assert (await herd.failures.group(key, 0)).mark is None


async def test_who_decided_what_and_why_is_written_down(herd: Herd) -> None:
    key = shared(await keys(herd))
    with asking(EVE), pytest.raises(Forbidden):
        await herd.failures.mark(key, Mark(Standing.RESOLVED, now(), "eve", "mine"))
    with asking(Asker("ada", "operator", OPERATOR)):
        await herd.failures.mark(key, Mark(Standing.IGNORED, now(), "ada", "known", rate=9))
        await herd.failures.mark(key, None)
    reopened, ignored, denied = (await herd.audit.read(Sought(), 10)).entries
    assert (denied.who, denied.verb, denied.ended, denied.reason) == ("eve", "resolve", Ended.DENIED, "mine")
    assert (ignored.who, ignored.verb, ignored.ended, ignored.reason) == ("ada", "ignore", Ended.DONE, "known")
    assert (reopened.verb, reopened.ended, key in reopened.said) == ("reopen", Ended.DONE, True)


async def test_one_trouble_is_one_line_however_many_slices_meet_it(
    instance: Instance, caplog: pytest.LogCaptureFixture
) -> None:
    queue = Queue(PUSH, Identity(Dialect.MQ5, "6.7.0", ()), paused=False, counts={})
    away, store = Instance(AWAY), MemoryStore()
    there = {"default": away}
    sight = Sight(there, Snapshot(1, (Reading("default", now(), (queue,), None, Pass()),)))
    survey = FailureSurvey(sight, store, Trail(store))

    async def lines(slices: int) -> int:
        caplog.clear()
        for _ in range(slices):
            async with survey.witnessed(PUSH, [b"1"]):
                pass
        return sum("why they failed" in record.message for record in caplog.records)

    with caplog.at_level(logging.WARNING, "tickbird.failures"):
        assert (await lines(3), await lines(3)) == (1, 0)
        there["default"] = instance
        assert await lines(2) == 0
        there["default"] = away
        assert await lines(2) == 1
    await away.close()
