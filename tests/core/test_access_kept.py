"""What is hidden from somebody stays hidden when it is sent on, written over, or told by bulk work."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest
import redis as redis_py

from core.access.asker import Asker, asking
from core.access.roles import OPERATOR
from core.audit.entry import Ended, Entry, Sought
from core.dead_letters.letter import How
from core.errors import Conflict, Forbidden, NotFound
from core.herd import Herd
from core.model import QueueId, State
from core.operations.operation import OVER, Operation, Status
from core.operations.request import Action, Options, Request
from core.permission import Permission
from core.redaction.redaction import HIDDEN, Rule
from tests.core import layout
from tests.core.waiting import soon, still
from tickbird.demo.server import EmbeddedServer

MAIL, PUSH, DEAD = (QueueId("default", "bull", name) for name in ("mail", "push", "mail-dead"))
EVERY = frozenset(Permission)
ADA, BOB = (Asker(name, "operator", OPERATOR) for name in ("ada", "bob"))
EVE = Asker("eve", "admin", EVERY, queues=("push*", "mail-dead"))
ROOT = Asker("root", "admin", EVERY, reveals=True)
SECRET = '{"password": "hunter2", "to": "ada"}'
BURIED = {"originalQueue": "mail", "jobName": "send", "jobData": {"password": "hunter2"}, "error": "no"}
ONLY_MAIL = (Rule(keys=("password",), queues=("mail*",)),)


@pytest.fixture
async def herd(server: EmbeddedServer, redis: redis_py.Redis) -> AsyncIterator[Herd]:
    for name in ("mail", "push"):
        base = layout.queue(redis, f"bull:{name}:")
        layout.failed(redis, base, *map(str, range(20)), failedReason="no password=hunter2", data=SECRET)
    dead = layout.queue(redis, "bull:mail-dead:")
    layout.waiting(redis, dead, "1", data=json.dumps(BURIED))
    async with still(server.url) as herd:
        yield herd


def hide(herd: Herd, *rules: Rule) -> None:
    for instance in herd._every:
        instance.hidden = rules


async def entries(herd: Herd, verb: str, count: int = 1) -> tuple[Entry, ...]:
    """As soon as so many are written down, none of them still open."""

    async def so() -> tuple[Entry, ...]:
        found = (await herd.audit.read(Sought(verb=verb), 20)).entries
        return found if len(found) == count and all(entry.ended != Ended.BEGUN for entry in found) else ()

    return await soon(so)


async def test_a_job_is_not_moved_to_where_its_redacted_data_could_be_read(herd: Herd, redis: redis_py.Redis) -> None:
    hide(herd, *ONLY_MAIL)
    before = redis.hgetall("bull:mail:1")
    with asking(Asker("eve", "admin", EVERY)), pytest.raises(Forbidden, match="redacted"):
        await herd.mutations.move(MAIL, "1", PUSH)
    assert redis.hgetall("bull:mail:1") == before
    with asking(ROOT):
        assert (await herd.mutations.move(MAIL, "1", PUSH)).changed


async def test_a_job_is_moved_where_the_same_is_hidden_or_nothing_of_it_is(herd: Herd) -> None:
    hide(herd, Rule(keys=("password",)))
    assert (await herd.mutations.move(MAIL, "1", PUSH)).changed
    hide(herd, Rule(keys=("pin",), queues=("mail*",)))
    assert (await herd.mutations.move(MAIL, "2", PUSH)).changed


@pytest.mark.parametrize(
    ("rule", "goes"),
    [
        (Rule(keys=("password",), queues=("mail-dead",)), False),
        (Rule(paths=(("jobData", "password"),)), False),
        (Rule(keys=("password",)), True),
        (Rule(keys=("error",), queues=("mail-dead",)), True),
    ],
    ids=["a rule of its own", "a path that leads nowhere there", "the same rule", "nothing of its job"],
)
async def test_a_dead_letter_is_not_sent_to_where_its_redacted_data_could_be_read(
    herd: Herd, redis: redis_py.Redis, rule: Rule, goes: bool
) -> None:
    hide(herd, rule)
    report = await herd.dead_letters.send(DEAD, ["1"], How())
    assert (report.sent, report.refused) == (int(goes), int(not goes))
    assert goes or "redacted" in report.results[0].sentence
    assert redis.exists("bull:mail-dead:1") == (not goes)
    if not goes:
        with asking(ROOT):
            assert (await herd.dead_letters.send(DEAD, ["1"], How())).sent == 1


@pytest.mark.parametrize("how", [How(), How(to=PUSH), How(guesses=True)])
async def test_a_dead_letter_of_a_queue_that_is_hidden_goes_nowhere(
    herd: Herd, redis: redis_py.Redis, how: How
) -> None:
    with asking(EVE):
        (sent,) = (await herd.dead_letters.send(DEAD, ["1"], how)).results
    assert (sent.code, "Its original queue is not there for you." in sent.sentence) == ("refused", True)
    assert redis.exists("bull:mail-dead:1")


async def test_a_dead_letter_of_a_queue_that_is_no_more_goes_where_it_is_told(
    herd: Herd, redis: redis_py.Redis
) -> None:
    redis.hset("bull:mail-dead:1", "data", json.dumps(BURIED | {"originalQueue": "gone"}))
    with asking(EVE):
        (sent,) = (await herd.dead_letters.send(DEAD, ["1"], How(to=PUSH))).results
    assert (sent.code, sent.queue) == ("sent", PUSH)


@pytest.mark.parametrize("seen", [None, SECRET])
async def test_data_that_somebody_does_not_see_whole_they_do_not_overwrite(
    herd: Herd, redis: redis_py.Redis, seen: str | None
) -> None:
    hide(herd, *ONLY_MAIL)
    with pytest.raises(Conflict, match="redacted"):
        await herd.mutations.edit_data(MAIL, "1", json.dumps({"password": HIDDEN}), seen=seen)
    assert redis.hget("bull:mail:1", "data") == SECRET.encode()
    with asking(ROOT):
        assert (await herd.mutations.edit_data(MAIL, "1", '{"to":"bob"}')).changed
    assert (await herd.mutations.edit_data(MAIL, "1", '{"to":"eve"}')).changed
    assert redis.hget("bull:mail:1", "data") == b'{"to":"eve"}'
    with pytest.raises(NotFound):
        await herd.mutations.edit_data(MAIL, "none", "{}")


async def test_who_begins_is_written_down_and_who_previewed_it_is_told(herd: Herd) -> None:
    with asking(ADA):
        seen = await herd.operations.preview(Request(Action.RETRY, (MAIL,), State.FAILED, by="ada"))
    with asking(BOB):
        herd.operations.resume(seen.id, by="bob")
        await herd.operations.wait(seen.id)
    (entry,) = await entries(herd, "retry")
    assert (entry.who, entry.role, entry.ended) == ("bob", "operator", Ended.DONE)
    assert "Previewed by ada." in entry.said


async def test_who_begins_stays_the_one_however_often_it_is_held(herd: Herd) -> None:
    options = Options(rate=1)
    with asking(ADA):
        begun = await herd.operations.start(Request(Action.RETRY, (MAIL,), State.FAILED, options, by="ada"))
    with asking(BOB):
        for _ in range(15):
            herd.operations.pause(begun.id, by="bob")
            herd.operations.resume(begun.id, by="bob")
        herd.operations.cancel(begun.id, by="bob", reason="too slow")
        told = (await herd.operations.wait(begun.id)).told
    (entry,) = await entries(herd, "retry")
    assert (entry.who, told[0].by, len(told)) == ("ada", "ada", 20)
    held, resumed = await entries(herd, "pause-operation", 15), await entries(herd, "resume-operation", 15)
    (cancelled,) = await entries(herd, "cancel-operation")
    assert {one.who for one in (*held, *resumed, cancelled)} == {"bob"}
    assert (cancelled.reason, cancelled.queue, cancelled.ended) == ("too slow", "default/bull/mail", Ended.DONE)
    assert begun.id in cancelled.said


async def test_what_was_removed_elsewhere_cannot_be_asked_for(herd: Herd) -> None:
    begun = await herd.operations.start(Request(Action.REMOVE, (MAIL, PUSH), State.FAILED))
    await herd.operations.wait(begun.id)
    with asking(EVE):
        assert await herd.undo.find(begun.id) is None
        with pytest.raises(NotFound):
            await herd.undo.restore(begun.id)
    assert await herd.undo.find(begun.id)


async def test_bulk_work_that_touches_nothing_of_theirs_is_not_shown(herd: Herd) -> None:
    nothing = Request(Action.RETRY, None, State.COMPLETED, reason="the card 4111", by="ada")
    with asking(ADA):
        empty, mail = (
            await herd.operations.preview(nothing),
            await herd.operations.preview(Request(Action.RETRY, (MAIL,), State.FAILED, by="ada")),
        )
        named = await herd.operations.preview(Request(Action.RETRY, None, State.FAILED, by="ada"))
        push = await herd.operations.preview(Request(Action.RETRY, (PUSH,), State.FAILED, by="ada"))
    with asking(EVE):
        assert [seen.id for seen in herd.operations.list()] == [push.id]
        for id in (empty.id, mail.id, named.id):
            with pytest.raises(NotFound):
                herd.operations.get(id)
        own = await herd.operations.start(Request(Action.RETRY, None, State.COMPLETED, by="eve"))
        assert (await herd.operations.wait(own.id)).status in OVER
    assert len(herd.operations.list()) == 5


async def test_who_is_called_like_the_rules_can_undo_their_removals(herd: Herd) -> None:
    with asking(Asker("retention", "operator", OPERATOR)):
        begun = await herd.operations.start(Request(Action.REMOVE, (MAIL,), State.FAILED, by="retention"))
        await herd.operations.wait(begun.id)
    about = await herd.undo.find(begun.id)
    assert about is not None
    assert about.kept == 20


async def test_why_those_that_went_first_failed_is_redacted_whoever_began_it(herd: Herd, redis: redis_py.Redis) -> None:
    hide(herd, *ONLY_MAIL)
    with asking(ROOT):
        request = Request(Action.RETRY, (MAIL,), State.FAILED, Options(canary=1, canary_wait=60_000))
        begun = await herd.operations.start(request)

    async def first() -> Operation | None:
        seen = herd.operations.get(begun.id)
        return seen if seen.birds else None

    begins = await soon(first)
    assert begins is not None
    (bird,) = begins.birds
    redis.lrem("bull:mail:wait", 0, bird.id)
    redis.hset(f"bull:mail:{bird.id}", "failedReason", "no password=hunter2")
    redis.zadd("bull:mail:failed", {bird.id: 5000})

    async def stopped() -> Operation | None:
        seen = herd.operations.get(begun.id)
        return seen if seen.status is Status.STOPPED else None

    seen = await soon(stopped)
    assert seen is not None
    assert seen.birds[0].reason == f"no password={HIDDEN}"
    assert "hunter2" not in seen.trouble
    herd.operations.cancel(begun.id)
