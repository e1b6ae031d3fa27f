"""What keeps bulk work to what a person saw: signed scopes, drift, rates, canaries, and who is told of it."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence

import pytest

from core.errors import Conflict
from core.ground import Ground
from core.model import Dialect, Queue, State
from core.operations import registry
from core.operations.operation import Operation, Skip, Status
from core.operations.outside import Outside
from core.operations.registry import Operations
from core.operations.request import Action, Options, Request
from core.redaction.redaction import Rule, redaction
from tests.contract.bulk import Bulk
from tests.contract.laid_out import LaidOut, Layout
from tests.contract.queried import RESET, asked, done, fail_mixed, held
from tests.core.layout import now
from tests.core.waiting import soon

# One layout with sorted priorities, and one without.
LAYOUTS = [Layout(Dialect.MQ5, "6.7.0"), Layout(Dialect.BULL)]
pytestmark = pytest.mark.parametrize("layout", LAYOUTS, ids=str)


@pytest.fixture
def bulk(mail: LaidOut) -> Bulk:
    return Bulk(mail)


async def test_where_there_is_no_time_to_look_at_all_the_count_is_at_least(
    mail: LaidOut, bulk: Bulk, layout: Layout
) -> None:
    fail_mixed(mail)
    seen = await bulk.operations.preview(asked(mail, Action.RETRY, "reason:ECONNRESET"), patience=0.0)
    assert (seen.total, seen.exact, seen.least, seen.is_empty) == (0, False, True, False)
    bulk.operations.resume(seen.id, scope=seen.scope)
    operation = await bulk.operations.wait(seen.id)

    assert (operation.done, operation.skipped, operation.looked) == (400, {}, 1200)


async def test_work_on_a_query_begins_only_with_its_own_signed_scope(
    mail: LaidOut, bulk: Bulk, layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_mixed(mail, 30)
    seen, other = [
        await bulk.operations.preview(asked(mail, Action.RETRY, query))
        for query in ("reason:ECONNRESET", "reason:table")
    ]
    for forged in (None, "", "0" * 64, other.scope, seen.scope[:-1], "\ud800"):
        with pytest.raises(Conflict, match="scope"):
            bulk.operations.resume(seen.id, scope=forged)
    monkeypatch.setattr(registry, "STALE", -1)
    with pytest.raises(Conflict, match="ago"):
        bulk.operations.resume(seen.id, scope=seen.scope)
    monkeypatch.undo()
    bulk.operations.resume(seen.id, scope=seen.scope, by="ada", reason="it is mended")
    operation = await bulk.operations.wait(seen.id)

    assert operation.done == 10
    assert [(told.act, told.by, told.reason) for told in operation.told] == [("resume", "ada", "it is mended")]
    assert operation.scope == ""


async def test_it_stops_before_it_begins_where_the_count_has_drifted_and_a_person_lets_it_go_on(
    mail: LaidOut, bulk: Bulk, layout: Layout
) -> None:
    meant = fail_mixed(mail)
    seen = await bulk.operations.preview(asked(mail, Action.RETRY, "reason:ECONNRESET"))
    mail.redis.zrem(mail.base + "failed", *meant[:150])
    bulk.operations.resume(seen.id, scope=seen.scope)
    stopped = await held(bulk, seen.id)
    assert stopped.done == 0
    assert "150 jobs that fit have left mail failed meanwhile" in stopped.trouble
    bulk.operations.resume(seen.id)
    operation = await bulk.operations.wait(seen.id)

    assert (operation.status, operation.done, operation.skipped) == (Status.DONE, 250, {"gone": 150})


async def test_it_stops_on_its_way_where_more_fit_than_were_counted(mail: LaidOut, bulk: Bulk, layout: Layout) -> None:
    fail_mixed(mail)
    seen = await bulk.operations.preview(asked(mail, Action.RETRY, "reason:ECONNRESET", tolerance=0))
    others = [n for n in range(1200) if n % 3]
    pipe = mail.redis.pipeline()
    for n in others[:300]:
        pipe.hset(f"{mail.base}f{n}", "failedReason", RESET)
    pipe.execute()
    bulk.operations.resume(seen.id, scope=seen.scope)
    stopped = await held(bulk, seen.id)

    assert "more than" not in stopped.trouble
    assert "jobs that fit are in mail failed meanwhile" in stopped.trouble
    assert stopped.done < 700
    bulk.operations.cancel(seen.id)


async def test_all_jobs_of_a_state_drift_as_well(mail: LaidOut, bulk: Bulk, layout: Layout) -> None:
    fail_mixed(mail)
    seen = await bulk.operations.preview(Request(Action.RETRY, (mail.queue.id,)))
    mail.redis.zremrangebyrank(mail.base + "failed", 0, 499)
    bulk.operations.resume(seen.id)
    stopped = await held(bulk, seen.id)
    assert "500 of the 1,200 jobs that were previewed have left" in stopped.trouble
    bulk.operations.resume(seen.id)

    assert (await bulk.operations.wait(seen.id)).done == 700


async def test_no_more_than_so_many_a_second(mail: LaidOut, bulk: Bulk, layout: Layout) -> None:
    fail_mixed(mail, 90)
    started = time.monotonic()
    operation = await done(bulk, asked(mail, Action.RETRY, "reason:ECONNRESET", rate=40))
    took = time.monotonic() - started

    assert operation.done == 30
    assert took > 0.5
    assert operation.largest_slice <= 10


async def test_every_job_that_was_left_alone_can_be_had_with_its_reason(
    mail: LaidOut, bulk: Bulk, layout: Layout
) -> None:
    for n in range(450):
        mail.ghost(f"ghost{n}", State.FAILED, score=5)
    operation = await done(bulk, Request(Action.RETRY, (mail.queue.id,)))
    found: list[Skip] = []
    sheet = 0
    while True:
        page = await bulk.operations.skipped(operation.id, sheet)
        found += page.skips
        if page.next is None:
            break
        sheet = page.next

    assert (len(operation.examples), operation.listed, operation.unlisted) == (5, 450, 0)
    assert sorted(skip.job_id or "" for skip in found) == sorted(f"ghost{n}" for n in range(450))
    assert {skip.reason for skip in found} == {"ghost"}


def _ends(mail: LaidOut, id: str, state: State) -> None:
    """What a worker does to a job that waits."""
    mail.redis.lrem(mail.base + "wait", 0, id)
    mail.redis.zrem(mail.base + "prioritized", id)
    mail.redis.hset(mail.base + id, "failedReason", "still down")
    mail.redis.zadd(mail.base + state.value, {id: now()})


async def _first(bulk: Bulk, id: str, jobs: int) -> list[str]:
    """Those that went first, once they are on their way and the others wait for them."""

    async def so() -> list[str] | None:
        birds = bulk.operations.get(id).birds
        return [bird.id for bird in birds] if len(birds) == jobs else None

    found = await soon(so)
    assert found
    return found


async def test_the_others_follow_when_those_that_went_first_have_completed(
    mail: LaidOut, bulk: Bulk, layout: Layout
) -> None:
    meant = fail_mixed(mail, 300)
    started = await bulk.operations.start(asked(mail, Action.RETRY, "reason:ECONNRESET", canary=5))
    first = await _first(bulk, started.id, 5)
    assert first == meant[:5]
    assert mail.redis.zcard(mail.base + "failed") == 295
    for id in first:
        _ends(mail, id, State.COMPLETED)
    operation = await bulk.operations.wait(started.id)

    assert (operation.status, operation.done) == (Status.DONE, 100)
    assert {bird.state for bird in operation.birds} == {"completed"}


async def test_the_others_stay_when_one_that_went_first_has_failed_again(
    mail: LaidOut, bulk: Bulk, layout: Layout
) -> None:
    fail_mixed(mail, 300)
    started = await bulk.operations.start(asked(mail, Action.RETRY, "reason:ECONNRESET", canary=3))
    first = await _first(bulk, started.id, 3)
    for id, state in zip(first, (State.COMPLETED, State.FAILED, State.COMPLETED), strict=True):
        _ends(mail, id, state)
    stopped = await held(bulk, started.id)

    assert "Of the 3 jobs that went first 1 failed again: still down." in stopped.trouble
    assert [bird.state for bird in stopped.birds] == ["completed", "failed", "completed"]
    assert (stopped.done, mail.redis.zcard(mail.base + "failed")) == (3, 298)
    bulk.operations.resume(started.id, reason="that one is known")
    assert (await bulk.operations.wait(started.id)).done == 100


async def test_those_that_go_first_have_their_time_and_may_vanish_where_they_say_so(
    mail: LaidOut, bulk: Bulk, layout: Layout
) -> None:
    for n in range(30):
        options = json.dumps({"removeOnComplete": True} if n < 2 else {})
        mail.add(f"f{n}", State.FAILED, score=1000 + n, failedReason=RESET, opts=options)
    request = Request(Action.RETRY, (mail.queue.id,), options=Options(canary=4, canary_wait=1500))
    started = await bulk.operations.start(request)
    for id in (await _first(bulk, started.id, 4))[:3]:
        mail.redis.delete(mail.base + id)
        mail.redis.lrem(mail.base + "wait", 0, id)
    stopped = await held(bulk, started.id)

    assert [bird.state for bird in stopped.birds] == ["completed", "completed", "gone", "on its way"]
    assert "1 did not end within 1.5 s; 1 vanished" in stopped.trouble
    bulk.operations.cancel(started.id)


async def test_whoever_wants_to_is_told_of_its_beginning_and_end_and_of_what_it_removes(
    mail: LaidOut, layout: Layout
) -> None:
    told: list[tuple[str, Status, str]] = []
    kept: list[str] = []

    async def keep(id: str, queue: Queue, job_ids: Sequence[str]) -> None:
        assert (id, queue.id) == (seen.id, mail.queue.id)
        assert all(mail.redis.exists(mail.base + job_id) for job_id in job_ids)
        kept.extend(job_ids)

    def hear(operation: Operation, what: str) -> None:
        told.append((operation.id, operation.status, what))

    ground = Ground({"default": mail.instance}, lambda _id: mail.queue, lambda _id: None)
    operations = Operations(ground, lambda: [mail.queue.id], outside=Outside(hear, keep))
    meant = fail_mixed(mail, 600)
    seen = await operations.preview(asked(mail, Action.REMOVE, "reason:ECONNRESET", State.FAILED))
    operations.resume(seen.id, scope=seen.scope)
    operation = await operations.wait(seen.id)

    assert (operation.done, kept) == (200, meant)
    assert told == [(seen.id, Status.RUNNING, "begun"), (seen.id, Status.DONE, "ended")]


async def test_what_must_not_be_seen_is_not_found(mail: LaidOut, layout: Layout) -> None:
    for n in range(10):
        mail.add(f"f{n}", State.FAILED, score=1000 + n, data=json.dumps({"token": f"secret{n}", "n": n}))
    hidden = Outside(redaction=lambda id: redaction((Rule(keys=("token",)),), id))
    ground = Ground({"default": mail.instance}, lambda _id: mail.queue, lambda _id: None)
    operations = Operations(ground, lambda: [mail.queue.id], outside=hidden)

    assert (await operations.preview(asked(mail, Action.RETRY, "data.token:secret3"))).total == 0
    assert (await operations.preview(asked(mail, Action.RETRY, "data.n:3"))).total == 1
