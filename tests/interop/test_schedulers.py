"""Schedulers of every library beside its workers: edited here they follow, made here they run, removed they end."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from core.errors import Unsupported
from core.instance import Instance
from core.job import Covered
from core.model import Queue
from core.mutations.schedule_writing import Wanted
from core.schedulers.front import Schedulers
from core.schedulers.scheduler import Kind, Pending, Scheduler, Timing
from core.sight import Sight
from core.snapshot import Pass, Reading, Snapshot
from tests.interop.node_driver import NodeDriver, NodeQueue, until
from tests.interop.ours import ACTED_ON, UNVERSIONED, Ours, named
from tests.interop.scheduler_scenarios import DAILY, HOURLY, key_of, repeat, upsert

OFTEN = Timing(every=400)
LATER = Timing(every=700)
REPEATING = tuple(library for library in ACTED_ON if library.has_repeatables)
SCHEDULING = tuple(library for library in ACTED_ON if library.has_schedulers)
BOTH = [(library, "scheduler") for library in SCHEDULING] + [(library, "repeatable") for library in REPEATING]
EACH = pytest.mark.parametrize(("library", "kind"), BOTH, ids=lambda value: getattr(value, "alias", value))


def made(mail: NodeQueue, kind: str, timing: Timing, data: Any = None) -> str:
    """By the library; answers its key."""
    if kind == "scheduler":
        upsert(mail, timing, data, {})
    else:
        repeat(mail, timing, data)
    return key_of(mail)


def runs(mail: NodeQueue, number: int) -> list[str]:
    """The ids of so many runs of a worker, in their order."""
    with mail.worker():
        until(lambda: len([run for run in mail.truth() if run["outcome"]]) >= number, timeout=15)
    return [run["jobId"] for run in mail.truth()]


def data_of(redis: Any, ours: Ours, job_id: str) -> Any:
    return json.loads(redis.hget(ours.base + job_id, "data"))


async def read(ours: Ours, instance: Instance) -> tuple[Scheduler, ...]:
    """Every scheduler of the queue, in full."""
    reading = Reading("default", 1, (ours.queue,), None, Pass())
    room = Schedulers(Sight({"default": instance}, Snapshot(1, (reading,))))
    page = await room.page()
    assert page.covered == Covered(len(page.rows), len(page.rows))
    return tuple([await room.one(row.head.queue, row.head.key) for row in page.rows])


@pytest.mark.proves("schedulers")
@EACH
async def test_a_scheduler_is_read_as_the_library_made_it(
    mail: NodeQueue, kind: str, ours: Ours, instance: Instance
) -> None:
    made(mail, kind, DAILY, {"n": 1})
    (found,) = await read(ours, instance)
    head, timing = found.row.head, found.row.head.timing
    assert (head.kind, head.name, head.pending) == (Kind(kind), "digest", Pending.DELAYED)
    assert (timing.pattern, timing.tz, timing.end, timing.limit) == (DAILY.pattern, DAILY.tz, DAILY.end, DAILY.limit)
    assert found.row.sentence == "At 04:30 on Monday through Friday"
    assert found.row.trouble == ()
    assert found.data is not None
    assert found.data.value == {"n": 1}
    assert len(found.upcoming.instants) == 5
    assert head.ran == 0


@pytest.mark.proves("schedulers")
@EACH
async def test_what_its_runs_left_behind_is_found(mail: NodeQueue, kind: str, ours: Ours, instance: Instance) -> None:
    made(mail, kind, OFTEN, {"script": {"return": 1}})
    ran = runs(mail, 3)
    (found,) = await read(ours, instance)
    left = [run.job_id for run in found.row.runs if run.state == "completed"]
    assert set(ran[1:3]) <= set(left)
    assert found.average is not None


@pytest.mark.proves("upsert_scheduler")
@EACH
async def test_one_that_node_made_is_edited_and_its_workers_follow(
    mail: NodeQueue, kind: str, ours: Ours, redis: Any
) -> None:
    key = made(mail, kind, HOURLY, {"n": 1})
    if kind == "repeatable" and mail.library.facts.alias == "bullmq5":
        assert redis.exists(f"{ours.base}repeat:{key}")
    await ours.upsert_scheduler(key, Wanted(OFTEN, data='{"n":2}', mode="edit"))
    ran = runs(mail, 3)
    assert [data_of(redis, ours, job_id) for job_id in ran[:3]] == [{"n": 2}] * 3
    assert redis.zcard(f"{ours.base}repeat") == 1


@pytest.mark.proves("upsert_scheduler")
@pytest.mark.parametrize("library", ACTED_ON, ids=named)
async def test_one_that_is_made_here_is_run_again_and_again_by_node(mail: NodeQueue, ours: Ours, redis: Any) -> None:
    key = "often" if mail.library.facts.has_schedulers else ""
    # A pattern too: its workers count on from the pattern themselves.
    for number, timing in enumerate((LATER, Timing(pattern="* * * * * *", tz="Europe/Berlin"))):
        wanted = Wanted(timing, f"made{number}", '{"a":1}', {"attempts": 2}, mode="create")
        await ours.upsert_scheduler(key and f"{key}{number}", wanted)
    runs(mail, 6)
    ran = [run["name"] for run in mail.truth()]
    assert min(ran.count("made0"), ran.count("made1")) >= 2


@pytest.mark.proves("remove_scheduler")
@EACH
async def test_one_that_is_removed_makes_no_more_jobs(mail: NodeQueue, kind: str, ours: Ours, redis: Any) -> None:
    key = made(mail, kind, OFTEN)
    runs(mail, 2)
    await ours.remove_scheduler(key)
    assert not redis.exists(f"{ours.base}repeat", f"{ours.base}repeat:{key}", f"{ours.base}delayed")
    mail.add("bystander", jobId="last")
    with mail.worker():
        mail.wait_for_state("last", "completed")
        until(lambda: not mail.ids("waiting"))
    assert not redis.exists(f"{ours.base}delayed")


@pytest.mark.proves("run_scheduler")
@EACH
async def test_a_run_now_is_one_more_job_and_changes_nothing_else(
    mail: NodeQueue, kind: str, ours: Ours, redis: Any
) -> None:
    key = made(mail, kind, HOURLY if kind == "repeatable" else DAILY, {"n": 1})
    before = redis.zrange(f"{ours.base}repeat", 0, -1, withscores=True)
    outcome = await ours.run_scheduler(key)
    assert data_of(redis, ours, outcome.job_id) == {"n": 1}
    with mail.worker():
        mail.wait_for_state(outcome.job_id, "completed")
    assert redis.zrange(f"{ours.base}repeat", 0, -1, withscores=True) == before
    assert redis.zcard(f"{ours.base}delayed") == 1


@pytest.mark.parametrize("library", SCHEDULING, ids=named)
async def test_an_edit_while_its_job_runs_neither_doubles_nor_loses_it(mail: NodeQueue, ours: Ours, redis: Any) -> None:
    made(mail, "scheduler", Timing(every=1500), {"script": {"hold": "gate"}})
    with mail.worker() as worker:
        until(worker.held)
        await ours.upsert_scheduler("nightly", Wanted(OFTEN, data='{"n":2}', mode="edit"))
        worker.release("gate")
        until(lambda: len([run for run in mail.truth() if run["outcome"]]) >= 4)
    pending = [*mail.ids("delayed"), *mail.ids("waiting"), *mail.ids("active")]
    assert len(pending) <= 1
    assert redis.hget(f"{ours.base}repeat:nightly", "data") == b'{"n":2}'


@pytest.mark.parametrize("library", REPEATING, ids=named)
async def test_a_repeatable_under_its_own_id_stays_apart_from_others_alike(
    mail: NodeQueue, ours: Ours, redis: Any
) -> None:
    repeat(mail, HOURLY, {"n": 1})
    repeat(mail, HOURLY, {"n": 2}, jobId="own")
    assert redis.zcard(f"{ours.base}repeat") == 2
    for key in [raw.decode() for raw in redis.zrange(f"{ours.base}repeat", 0, -1)]:
        await ours.upsert_scheduler(key, Wanted(LATER, data='{"n":3}', mode="edit"))
    assert redis.zcard(f"{ours.base}repeat") == 2


@pytest.mark.parametrize("library", [SCHEDULING[-1]], ids=named)
async def test_repeatables_are_left_alone_where_workers_would_not_go_on_with_them(
    node: NodeDriver, mail: NodeQueue, ours: Ours, instance: Instance
) -> None:
    earlier = node.library("bullmq4").queue("mail")
    repeat(earlier, HOURLY)
    key = key_of(earlier)
    with pytest.raises(Unsupported, match="do not go on"):
        await ours.upsert_scheduler(key, Wanted(OFTEN, mode="edit"))
    (found,) = await read(ours, instance)
    assert "make it a scheduler" in " ".join(found.row.trouble)
    await ours.remove_scheduler(key)


@pytest.mark.parametrize("library", SCHEDULING, ids=named)
async def test_none_is_made_where_nothing_tells_the_version(
    mail: NodeQueue, instance: Instance, because: Callable[[BaseException], None]
) -> None:
    ours = Ours(instance, mail, UNVERSIONED)
    wanted = Wanted(HOURLY, "digest", "{}", {}, mode="create")
    with pytest.raises(Unsupported, match="Nothing here tells"):
        await ours.upsert_scheduler("mine", wanted)
    upsert(mail, HOURLY)  # a scheduler of theirs is a sign
    await ours.upsert_scheduler("mine", wanted)
    between: Queue = replace(ours.queue, identity=replace(ours.queue.identity, version="5.20.0"))
    ours.queue = between
    with pytest.raises(Unsupported, match=r"5\.36"):
        await ours.upsert_scheduler("other", wanted)


@pytest.mark.parametrize("library", SCHEDULING, ids=named)
async def test_one_that_lost_its_next_job_is_told_so_and_mended_by_saving_it(
    mail: NodeQueue, ours: Ours, instance: Instance, redis: Any
) -> None:
    made(mail, "scheduler", HOURLY, {"n": 1})
    (job_id,) = mail.ids("waiting")
    redis.delete(f"{ours.base}{job_id}", f"{ours.base}wait")
    (found,) = await read(ours, instance)
    assert found.row.head.pending is Pending.MISSING
    assert found.row.trouble[0].startswith("It will never run again")
    await ours.upsert_scheduler("nightly", Wanted(OFTEN, mode="edit"))
    assert len(runs(mail, 2)) >= 2
