"""Who asks decides what there is, and what may be done: at the core, whichever door they came in by."""

from __future__ import annotations

import asyncio
import inspect
import json
import logging
from collections.abc import AsyncIterator

import pytest
import redis as redis_py

from core.access.asker import ITSELF, Asker, asker, asking
from core.access.roles import OPERATOR, VIEWER, permissions
from core.audit.entry import Ended, Sought
from core.errors import Forbidden, NotFound, TickbirdError
from core.herd import Herd
from core.model import QueueId, State
from core.mutations.adding import NewJob
from core.mutations.front import Mutations
from core.permission import NEEDED, Permission
from core.redaction.redaction import Rule
from tests.core import layout
from tests.core.waiting import still
from tickbird.demo.server import EmbeddedServer

MAIL, PUSH = (QueueId("default", "bull", name) for name in ("mail", "push"))
EVE = Asker("eve", "viewer", VIEWER, queues=("push",))
OPERATING = Asker("ada", "operator", OPERATOR)


@pytest.fixture
async def herd(server: EmbeddedServer, redis: redis_py.Redis) -> AsyncIterator[Herd]:
    for name in ("mail", "push"):
        base = layout.queue(redis, f"bull:{name}:")
        layout.failed(redis, base, "1", failedReason="password=hunter2", data='{"password":"hunter2"}')
    async with still(server.url) as herd:
        yield herd


async def test_what_is_not_for_somebody_is_in_no_reading_and_cannot_be_asked_for(herd: Herd) -> None:
    with asking(EVE):
        assert {queue.id for queue in herd.snapshot().queues} == {PUSH}
        with pytest.raises(NotFound) as refused:
            herd.queue(MAIL)
        with pytest.raises(NotFound):
            await herd.jobs(MAIL, State.FAILED)
        with pytest.raises(NotFound):
            await herd.job(MAIL, "1")
    assert "mail" not in refused.value.hint
    assert {queue.id for queue in herd.snapshot().queues} == {MAIL, PUSH}


async def test_an_id_that_leads_into_another_queue_leads_nowhere(redis: redis_py.Redis, server: EmbeddedServer) -> None:
    base = layout.queue(redis, "bull:mail:")
    layout.failed(redis, base, "a:b", failedReason="ours")
    layout.failed(redis, layout.queue(redis, "bull:mail:vip:"), "7", failedReason="theirs")
    async with still(server.url, "bull", "bull:mail") as herd:
        assert {queue.id.name for queue in herd.snapshot().queues} == {"mail", "vip"}
        with asking(Asker("ada", "admin", queues=("mail",))):
            assert (await herd.job(MAIL, "a:b")).row.id == "a:b"
            for lead in (herd.job, herd.logs, herd.mutations.duplicate, herd.mutations.remove):
                with pytest.raises(NotFound):
                    await lead(MAIL, "vip:7")
            with pytest.raises(NotFound):
                await herd.mutations.log(MAIL, "vip:7", "seen")
            with pytest.raises(NotFound):
                await herd.mutations.add(MAIL, [NewJob("x", "{}", {"jobId": "vip:8"})])
            assert herd.sight.resolve("default", b"bull:mail:vip:7") is None


async def test_an_answer_that_one_was_given_is_not_given_to_another(herd: Herd) -> None:
    async def asked(who: Asker) -> str:
        with asking(who):
            try:
                return (await herd.job(MAIL, "1")).row.id
            except TickbirdError as error:
                return error.code

    assert tuple(await asyncio.gather(asked(ITSELF), asked(EVE), asked(ITSELF))) == ("1", "not_found", "1")


@pytest.mark.parametrize("verb", sorted(verb for verb in NEEDED if hasattr(Mutations, verb)))
async def test_who_may_not_is_refused_at_the_core_and_it_is_written_down(herd: Herd, verb: str) -> None:
    act = getattr(herd.mutations, verb)
    # Whatever it takes is not looked at before who asks is.
    positional = [p for p in inspect.signature(act).parameters.values() if p.kind is p.POSITIONAL_OR_KEYWORD]
    given = ["1" for parameter in positional[1:] if parameter.default is parameter.empty]
    nobody = Asker("mallory", "viewer", VIEWER)
    with asking(nobody), pytest.raises(Forbidden, match=NEEDED[verb]):
        await act(MAIL, *given)
    (entry,) = (await herd.audit.read(Sought(who="mallory"), 10)).entries

    assert (entry.verb, entry.ended, entry.queue) == (verb, Ended.DENIED, "default/bull/mail")


async def test_an_act_is_written_down_before_and_after(herd: Herd, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "tickbird.audit"), asking(OPERATING):
        await herd.mutations.retry(MAIL, "1")
    lines = [json.loads(record.message) for record in caplog.records if record.name == "tickbird.audit"]
    (entry,) = (await herd.audit.read(Sought(), 10)).entries

    assert [line["ended"] for line in lines] == ["begun", "done"]
    assert (entry.who, entry.role, entry.verb, entry.job, entry.ended) == ("ada", "operator", "retry", "1", Ended.DONE)
    assert entry.said
    assert entry.ended_at is not None
    assert entry.ended_at >= entry.at


async def test_a_refusal_is_written_down_with_its_reason(herd: Herd) -> None:
    with asking(OPERATING), pytest.raises(TickbirdError):
        await herd.mutations.promote(MAIL, "1")
    (entry,) = (await herd.audit.read(Sought(verb="promote"), 10)).entries

    assert entry.ended == Ended.REFUSED
    assert entry.said


async def test_the_log_is_read_in_pages_that_pass_nothing_over(herd: Herd) -> None:
    for number in range(7):
        await herd.audit.happened("login", Ended.DONE, f"number {number}", who="ada")
    said, mark = [], None
    while True:
        found = await herd.audit.read(Sought(who="ada"), 2, mark)
        said += [entry.said for entry in found.entries]
        if (mark := found.next) is None:
            break

    assert said == [f"number {number}" for number in reversed(range(7))]


async def test_of_a_queue_that_is_not_for_somebody_the_log_says_nothing_to_them(herd: Herd) -> None:
    await herd.mutations.retry(MAIL, "1")
    await herd.mutations.retry(PUSH, "1")
    with asking(EVE):
        entries = (await herd.audit.read(Sought(), 10)).entries

    assert {entry.queue for entry in entries} == {"default/bull/push"}


@pytest.mark.parametrize("role", ["viewer", "operator", "admin"])
def test_no_role_has_a_danger_that_no_setting_allows(role: str) -> None:
    assert not permissions(role, {}, ()) & {Permission.EDIT, Permission.OBLITERATE}
    assert permissions("admin", {}, ("edit",)) & {Permission.EDIT, Permission.OBLITERATE} == {Permission.EDIT}


def test_tickbird_itself_asks_where_nobody_came_in() -> None:
    assert asker() is ITSELF


async def test_redaction_holds_for_lists_jobs_and_logs(server: EmbeddedServer, redis: redis_py.Redis) -> None:
    base = layout.queue(redis)
    layout.failed(redis, base, "1", failedReason="password=hunter2", data='{"password":"hunter2","to":"ada"}')
    redis.rpush(base + b"1:logs", "password: hunter2")
    async with still(server.url) as herd:
        for instance in herd.sight.instances.values():
            instance.hidden = (Rule(keys=("password",)),)
        job, logs = await herd.job(MAIL, "1"), await herd.logs(MAIL, "1")
        page = await herd.jobs(MAIL, State.FAILED)
        with asking(Asker("ada", reveals=True)):
            revealed = await herd.job(MAIL, "1")

    assert "hunter2" not in repr((job, logs, page))
    assert job.data is not None
    assert job.data.redacted
    assert "hunter2" in repr(revealed)
