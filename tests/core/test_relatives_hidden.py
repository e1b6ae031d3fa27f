"""Who sees only some queues learns no name of the others from the jobs that have parents or children there; and what
they do to a child is told to its parent all the same, and stands in the audit log."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
import redis as redis_py
from hypothesis import given, settings
from hypothesis import strategies as st

from core.access.asker import ITSELF, Asker, asking
from core.access.roles import OPERATOR, ROLES
from core.audit.entry import Ended, Sought
from core.errors import TickbirdError
from core.failures.fingerprint import steady
from core.feed.event import event_of
from core.feed.wanted import Wanted as EventsWanted
from core.herd import Herd
from core.jobs.listing import Wanted
from core.model import State
from core.operations.request import Action, Request
from core.query.parser import parse
from core.text import raw_bytes
from dashboard.api import flow_shapes, job_shapes
from tests.core.laid_flows import MAIL, VIDEO, Laid, watching
from tests.core.waiting import read_now, soon
from tickbird.demo.server import EmbeddedServer

# Queues of one Redis; the second is nothing to eve.
EVE = Asker("eve", "operator", OPERATOR, queues=("mail",))
VIC = Asker("vic", "operator", OPERATOR, queues=("shop:video",))
SECRET = "sh0p"


@pytest.fixture
async def herd(server: EmbeddedServer, redis: redis_py.Redis) -> AsyncIterator[Herd]:
    """In mail: a parent that a child in video failed, one that waits for a child there, a child of a parent there."""
    laid = Laid(redis)
    child = laid.put(VIDEO, f"{SECRET}-child", "failed", failedReason="it broke")
    reason = f"child {child.decode()} failed"
    failed = laid.put(MAIL, "failed-by-it", "failed", failedReason=reason, stacktrace=json.dumps([f"Error: {reason}"]))
    redis.zadd(failed + b":unsuccessful", {child: 1})
    waits = laid.put(MAIL, "waits", "waiting-children")
    laid.waits_for(waits, laid.put(VIDEO, f"{SECRET}-pending", "wait", below=waits), b"gone:queue:7")
    above = laid.put(VIDEO, f"{SECRET}-parent", "waiting-children")
    options = json.dumps({"parent": {"id": f"{SECRET}-parent", "queue": "shop:video"}, "attempts": 3})
    below = laid.put(MAIL, "child", "failed", below=above, opts=options)
    laid.waits_for(above, below, laid.put(MAIL, "other", "wait", below=above))
    herd = watching(server.url)
    await read_now(herd)
    yield herd
    await herd.stop()


def names_nothing(said: object) -> None:
    written = json.dumps(said, default=repr)
    assert SECRET not in written
    assert "shop" not in written
    assert "video" not in written
    assert "gone:queue" not in written


@pytest.mark.parametrize("job_id", ["failed-by-it", "waits", "child"])
async def test_a_job_names_no_relative_that_is_not_there_for_who_looks(herd: Herd, job_id: str) -> None:
    with asking(EVE):
        job = await herd.job(MAIL, job_id)
        names_nothing(job_shapes.job("", job, ()))
        names_nothing(repr(job))
        names_nothing(repr(await herd.flows.tree(MAIL, job_id)))
        names_nothing(flow_shapes.flow("", await herd.flows.tree(MAIL, job_id)))
        names_nothing([repr(page) for page in [await herd.jobs(MAIL, State.FAILED), await herd.flows.in_flight()]])
    everything = repr(await herd.job(MAIL, job_id)) + repr(await herd.flows.tree(MAIL, job_id))
    assert SECRET in everything


async def test_who_sees_both_queues_is_told_as_before(herd: Herd) -> None:
    both = Asker("bo", "operator", OPERATOR, queues=("mail", "video"))
    for who in (both, ITSELF):
        with asking(who):
            job = await herd.job(MAIL, "failed-by-it")
            assert job.failed_reason is not None
            assert f"{SECRET}-child" in job.failed_reason.text
            parent = (await herd.job(MAIL, "child")).parent
            assert parent is not None
            assert (parent.id, parent.queue) == (f"{SECRET}-parent", VIDEO)


async def test_what_a_job_says_of_its_relatives_is_neither_cut_nor_redacted_for_that(herd: Herd) -> None:
    with asking(EVE):
        job = await herd.job(MAIL, "child")

    assert not any(payload.cut or payload.redacted for payload in job.fields.values())
    assert job.opts is not None
    assert job.opts.value["attempts"] == 3
    assert job.parent is not None
    assert job.parent.key == ""


@pytest.mark.parametrize("words", [f"reason:{SECRET}", "reason:shop", SECRET, '"shop:video"'])
async def test_no_search_finds_them_by_it(herd: Herd, words: str) -> None:
    wanted = Wanted(State.FAILED, "newest", 10, None)
    with asking(EVE):
        assert (await herd.find(MAIL, parse(words), wanted)).rows == ()


async def test_no_group_of_failures_and_no_event_names_them(herd: Herd) -> None:
    reason = f"child shop:video:{SECRET}-child failed"
    async with herd.failures.witnessed(MAIL, [b"failed-by-it"]):
        pass
    with asking(EVE):

        async def known() -> Any:
            seen = await herd.failures.look(5)
            return seen.groups if seen.known >= 2 else ()

        names_nothing([repr(group) for group in await soon(known, seconds=60)])
        names_nothing(repr(await herd.feed.look(EventsWanted(), 10)))
    from core.events.happening import Happening  # noqa: PLC0415

    told = Happening(MAIL, 1, "failed", "failed-by-it", told={b"failedReason": raw_bytes(reason)})
    names_nothing(repr(event_of(told, 1, herd.feed._redaction(MAIL)).said))


SAYINGS = ("child {} failed", "Error: child {} failed", "Missing key for parent job {}. addJob")


@pytest.mark.parametrize("id", ["7", "it's", 'say "so"', "two words"])
async def test_neither_a_group_nor_what_is_revealed_names_them_whatever_they_are_called(
    server: EmbeddedServer, redis: redis_py.Redis, id: str
) -> None:
    laid = Laid(redis)
    key = laid.put(VIDEO, f"{SECRET}-{id}", "wait").decode()
    said = [saying.format(key) for saying in SAYINGS]
    for at, each in enumerate(said):
        laid.put(MAIL, f"j{at}", "failed", failedReason=each, stacktrace=json.dumps([each, f"{each}\n at a.js:1"]))
    redis.rpush(MAIL.base + b"j0:logs", *said)
    herd = watching(server.url)
    await read_now(herd)
    try:
        with asking(replace(EVE, role="admin", may=ROLES["admin"])):

            async def known() -> Any:
                seen = await herd.failures.look(5)
                return seen.groups if seen.known >= len(said) else ()

            names_nothing([repr(group) for group in await soon(known, seconds=60)])
            revealed = await herd.reveals.job(MAIL, "j0")
            names_nothing(repr(revealed))
            assert len(revealed.logs.lines) == len(said)
            for at in range(len(said)):
                names_nothing(repr(await herd.job(MAIL, f"j{at}")))
        assert SECRET in repr((await herd.reveals.job(MAIL, "j0")).logs)
    finally:
        await herd.stop()


@settings(deadline=None)
@given(st.text("ab '\"`é.7-", min_size=1, max_size=12), st.sampled_from(SAYINGS), st.integers(0, 900))
def test_no_message_of_a_group_has_the_key_of_a_job_even_where_it_was_cut(id: str, saying: str, cut: int) -> None:
    said = "x " * 100 + saying.format(f"bull:{SECRET}:{id}") + "y" * 600
    shown = steady(said[: max(790, len(said) - cut)])

    assert SECRET not in shown
    assert "<job>" in shown


async def test_no_refusal_and_no_outcome_names_them(herd: Herd) -> None:
    said: list[object] = []
    with asking(EVE):
        for act in (
            lambda: herd.mutations.retry(MAIL, "failed-by-it"),
            lambda: herd.flows.retry_failed(MAIL, "failed-by-it"),
            lambda: herd.flows.remove_unprocessed(MAIL, "waits"),
            lambda: herd.mutations.remove(MAIL, "waits"),
            lambda: herd.mutations.move(MAIL, "child", MAIL),
            lambda: herd.mutations.move(MAIL, "child", VIDEO),
            lambda: herd.flows.remove(MAIL, "waits"),
            lambda: herd.flows.extent(MAIL, "waits"),
            lambda: herd.mutations.retry(MAIL, "child"),
            lambda: herd.mutations.remove(MAIL, "child"),
        ):
            try:
                said.append(await act())
            except TickbirdError as error:
                said += [error.message.replace("'video'", ""), error.hint]  # what eve named herself
        said += (await herd.audit.read(Sought(), 100)).entries
        names_nothing([repr(one) for one in said])


async def test_what_is_done_to_a_child_stands_in_the_log_of_its_parents_queue_too(herd: Herd) -> None:
    with asking(EVE):
        await herd.mutations.retry(MAIL, "child")
        await herd.mutations.remove(MAIL, "other")
    place = "default/shop/video"
    entries = (await herd.audit.read(Sought(queue="shop/video"), 10)).entries
    assert [(entry.verb, entry.queue, entry.above) for entry in entries] == [
        ("remove", "default/bull/mail", (place,)),
        ("retry", "default/bull/mail", (place,)),
    ]
    with asking(EVE):
        assert {entry.above for entry in (await herd.audit.read(Sought(), 10)).entries} == {()}
        # Nor is it found by what is not shown.
        assert (await herd.audit.read(Sought(queue="shop/video"), 10)).entries == ()
    with asking(VIC):
        seen = (await herd.audit.read(Sought(), 10)).entries
    assert [(e.who, e.verb, e.queue, e.job, e.said, e.above) for e in seen] == [
        ("eve", "remove", "", "", "", (place,)),
        ("eve", "retry", "", "", "", (place,)),
    ]


async def test_an_act_on_a_job_without_a_parent_elsewhere_tells_of_none(herd: Herd) -> None:
    with asking(EVE), pytest.raises(TickbirdError):
        await herd.mutations.retry(MAIL, "failed-by-it")  # refused: nobody was told anything
    (entry,) = (await herd.audit.read(Sought(), 10)).entries

    assert entry.ended is Ended.REFUSED
    assert entry.above == ()


async def test_bulk_work_tells_it_when_it_ends(herd: Herd) -> None:
    request = Request(Action.RETRY, (MAIL,), State.FAILED, by="eve")
    with asking(EVE):
        operation = await herd.operations.start(request)
        await asyncio.wait_for(herd.operations.wait(operation.id), 60)

        async def over() -> Any:
            return [e for e in (await herd.audit.read(Sought(), 10)).entries if e.ended is not Ended.BEGUN]

        await soon(over, seconds=60)
    (entry,) = (await herd.audit.read(Sought(queue="shop"), 10)).entries

    assert (entry.id, entry.above) == (operation.id, ("default/shop/video",))
