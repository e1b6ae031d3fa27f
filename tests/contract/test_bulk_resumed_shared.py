"""Bulk work that several Tickbirds see and tell, over one store; and what it does without that store."""

from __future__ import annotations

import asyncio

import pytest

from core.errors import Conflict, Unavailable
from core.operations.operation import Status
from core.operations.request import Action
from core.signing import Signer
from core.store.memory import MemoryStore
from core.store.remote import RedisStore
from tests.contract.laid_out import LaidOut, Layout
from tests.contract.queried import asked
from tests.contract.tickbirds import JOBS, LAYOUTS, Another, another, fail_many, quick, state_url
from tests.core.waiting import soon

__all__ = ["another", "quick", "state_url"]
pytestmark = [LAYOUTS, pytest.mark.usefixtures("quick")]


async def test_another_tickbird_sees_pauses_resumes_and_cancels_it(
    mail: LaidOut, another: Another, layout: Layout
) -> None:
    fail_many(mail, 9000)
    first, second = await another(), await another()
    id = await first.start(Action.RETRY)
    await second.seen(id, Status.RUNNING)

    assert "asked to pause" in second.operations.pause(id).trouble
    await first.seen(id, Status.PAUSED)
    held = await second.seen(id, Status.PAUSED)
    assert held.trouble == ""
    second.operations.resume(id)
    await first.seen(id, Status.RUNNING)
    await first.under_way(id, held.done + 1)
    second.operations.cancel(id)
    await first.seen(id, Status.CANCELLED)
    cancelled = await second.seen(id, Status.CANCELLED)

    assert 0 < cancelled.done < 9000
    assert mail.redis.zcard(mail.base + "failed") == 9000 - cancelled.done
    with pytest.raises(Conflict):
        second.operations.resume(id)


async def test_what_one_previewed_another_begins_and_only_once(mail: LaidOut, another: Another, layout: Layout) -> None:
    fail_many(mail, 500)
    first, second = await another(), await another()
    seen = await first.operations.preview(first.request(Action.RETRY))
    assert (await second.operations.find(seen.id)).total == 500

    second.operations.resume(seen.id)
    first.operations.resume(seen.id)
    one, other = [await each.seen(seen.id, Status.DONE) for each in (first, second)]
    assert one.done == other.done == 500
    assert sorted(mail.line("wait")) == sorted(f"f{n}" for n in range(500))
    assert [len(each.operations.list()) for each in (first, second)] == [1, 1]


async def test_operations_go_on_while_the_store_is_away_and_say_so(
    mail: LaidOut, monkeypatch: pytest.MonkeyPatch, another: Another, layout: Layout
) -> None:
    fail_many(mail)
    away, batch = True, RedisStore._send

    async def send(store: RedisStore, *commands: bytes) -> list[object]:
        if away:
            store._went("It is away.")
            raise Unavailable("It is away.")
        return await batch(store, *commands)

    monkeypatch.setattr(RedisStore, "_send", send)
    first = await another()
    id = await first.start(Action.RETRY)
    assert "not recorded now: It is away." in (await first.under_way(id)).trouble
    done = await first.seen(id, Status.DONE)
    assert (done.done, "not recorded" in done.trouble) == (JOBS, True)

    away = False

    async def recorded() -> bool:
        return first.operations.get(id).trouble == ""

    await soon(recorded)
    second = await another()
    assert (await second.seen(id, Status.DONE)).done == JOBS


async def test_what_one_previewed_and_signed_another_begins_and_tells_who_wanted_it(
    mail: LaidOut, another: Another, layout: Layout
) -> None:
    fail_many(mail, 600)
    first, second = await another(), await another()
    seen = await first.operations.preview(asked(mail, Action.RETRY, "id:f1*"))
    found = await second.operations.find(seen.id)
    assert (found.scope, found.total) == (seen.scope, 111)
    for forged in (None, "0" * 64):
        with pytest.raises(Conflict, match="scope"):
            second.operations.resume(seen.id, scope=forged)
    second.operations.resume(seen.id, scope=found.scope, by="ada", reason="it is mended")
    done = await second.seen(seen.id, Status.DONE)
    theirs = await first.seen(seen.id, Status.DONE)

    assert (done.done, done.skipped) == (111, {})
    assert [(told.act, told.by, told.reason) for told in theirs.told] == [("resume", "ada", "it is mended")]


async def test_a_key_that_is_there_already_is_everybodys(state_url: str, layout: Layout) -> None:
    stores = [RedisStore(state_url) for _ in range(4)]
    signers = [Signer(store) for store in stores]
    await asyncio.gather(*(signer.ready() for signer in signers))
    signature = signers[0].sign("a text")

    assert {signer.sign("a text") for signer in signers} == {signature}
    assert all(signer.signed("a text", signature) for signer in signers)
    assert not any(signer.signed("another text", signature) for signer in signers)
    assert not Signer(MemoryStore()).signed("a text", signature)
    for store in stores:
        await store.close()
