"""Jobs field by field, beside what the real library says of the same hash."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from core.herd import Herd
from core.model import State
from tests.core.waiting import read_now, still
from tests.interop.node_driver import LIBRARIES, Library, NodeDriver, NodeQueue, until
from tests.interop.reading import MAIL, agree, named
from tickbird.demo.server import EmbeddedServer


@pytest.fixture(params=LIBRARIES, ids=named)
def library(request: pytest.FixtureRequest) -> Library:
    chosen: Library = request.param
    return chosen


@pytest.fixture
def mail(node: NodeDriver, library: Library) -> NodeQueue:
    return node.library(library.alias).queue("mail")


@pytest.fixture
async def herd(server: EmbeddedServer, mail: NodeQueue) -> AsyncIterator[Herd]:
    """A herd that knows the queue and reads when told to."""
    mail.add("first")
    async with still(server.url) as herd:
        yield herd


async def test_a_waiting_job(herd: Herd, mail: NodeQueue) -> None:
    data = {
        "to": "ann@example.com",
        "n": 9007199254740991,
        "deep": {"a": [1, 2.5, None, True]},
        "größe": "数据 👨‍👩‍👧 \u202e",
    }
    job = mail.add("welcome", data, attempts=3, removeOnComplete=100)
    read = await agree(herd, mail, job["id"])
    assert read.row.attempts == 3
    assert read.lock is None
    assert dict(read.row.about)["to"] == "ann@example.com"


async def test_data_of_any_kind(herd: Herd, mail: NodeQueue) -> None:
    told: list[Any] = [None, [], "text", 0, False, [1, 2], {}]
    for data in told:
        await agree(herd, mail, mail.add("welcome", data)["id"])


async def test_a_delayed_job_is_due_when_its_score_says(herd: Herd, mail: NodeQueue) -> None:
    job = mail.add("reminder", delay=600_000)
    read = await agree(herd, mail, job["id"])
    assert read.row.due_at == job["timestamp"] + 600_000


async def test_a_prioritised_job(herd: Herd, mail: NodeQueue) -> None:
    job = mail.add("password", priority=7)
    assert (await agree(herd, mail, job["id"])).row.priority == 7


async def test_active_jobs_with_progress_of_any_kind(herd: Herd, mail: NodeQueue) -> None:
    mail.remove(mail.ids("waiting")[0])
    told = [33.33, 0, 100, {"step": 2, "percent": 40.5}, "half way", [1, 2], False]
    jobs = {mail.add("import", {"script": [{"progress": [each]}, {"hold": "gate"}]})["id"]: each for each in told}
    with mail.worker(concurrency=len(told)) as worker:
        until(lambda: len(worker.held()) == len(told))
        for id, progress in jobs.items():
            read = await agree(herd, mail, id)
            assert (read.row.state, read.row.progress) == (State.ACTIVE, progress)
            assert read.lock is not None
            assert 0 < read.lock <= 30_000


async def test_a_failed_job_with_a_stack_for_each_attempt(herd: Herd, mail: NodeQueue) -> None:
    stack = "SmtpError: 550\n    at send (smtp.js:7:1)"
    job = mail.add("welcome", {"script": {"fail": {"name": "SmtpError", "message": "550", "stack": stack}}}, attempts=3)
    with mail.worker():
        mail.wait_for_state(job["id"], "failed")
    read = await agree(herd, mail, job["id"])
    assert read.stacktrace == (stack,) * 3
    assert (read.row.attempts_made, read.row.attempts, read.row.failed_reason) == (3, 3, "550")


async def test_a_job_that_waits_for_its_next_attempt(herd: Herd, mail: NodeQueue) -> None:
    job = mail.add("welcome", {"script": {"fail": "550"}}, attempts=3, backoff={"type": "fixed", "delay": 600_000})
    with mail.worker():
        mail.wait_for_state(job["id"], "delayed")
    read = await agree(herd, mail, job["id"])
    assert read.row.due_at is not None
    assert read.row.processed_on is not None
    assert 599_000 < read.row.due_at - read.row.processed_on < 610_000


async def test_completed_jobs_with_results_of_any_kind(herd: Herd, mail: NodeQueue) -> None:
    told = [{"sent": [1, 2]}, "text", 0, None, False, 1.5]
    jobs = {mail.add("welcome", {"script": {"return": each}})["id"]: each for each in told}
    with mail.worker():
        until(lambda: len(mail.ids("completed")) == len(told) + 1)
    for id, result in jobs.items():
        # Bull itself reads a result such as 0 as none.
        unread = mail.library.facts.is_bull and not result
        read = await herd.job(MAIL, id) if unread else await agree(herd, mail, id)
        assert read.returnvalue is not None
        assert read.returnvalue.value == result
        assert read.row.took is not None
        assert read.row.took >= 0


async def test_log_lines_in_pages(herd: Herd, mail: NodeQueue) -> None:
    job = mail.add("welcome")
    for number in range(25):
        mail.log(job["id"], f"line {number}")
    lines = mail.logs(job["id"])
    everything = await herd.logs(MAIL, job["id"])
    assert (list(everything.lines), everything.start, everything.total) == (lines, 0, 25)
    last = await herd.logs(MAIL, job["id"], start=-4)
    assert (list(last.lines), last.start) == (lines[-4:], 21)
    middle = await herd.logs(MAIL, job["id"], start=10, limit=5)
    assert list(middle.lines) == lines[10:15]
    await read_now(herd)
    assert (await herd.job(MAIL, job["id"])).logs == 25


async def test_pages_of_a_state_are_in_the_librarys_order(herd: Herd, mail: NodeQueue) -> None:
    mail.add_bulk([{"name": "welcome", "data": {"n": number}} for number in range(12)])
    oldest = mail.ids("waiting")
    await read_now(herd)
    for order, expected in (("oldest", oldest), ("newest", oldest[::-1])):
        seen: list[str] = []
        cursor = None
        while True:
            page = await herd.jobs(MAIL, State.WAITING, order=order, limit=5, cursor=cursor)  # type: ignore[arg-type] # is one
            seen += [row.id for row in page.rows]
            cursor = page.next
            if cursor is None:
                break
        assert seen == expected


async def test_a_job_taken_out_under_our_eyes_is_gone(herd: Herd, mail: NodeQueue) -> None:
    job = mail.add("welcome")
    kept = mail.add("welcome")
    mail.remove(job["id"])
    rows = await herd.rows(MAIL, [job["id"], kept["id"], "never"])
    assert (rows[job["id"]], rows["never"]) == (None, None)
    row = rows[kept["id"]]
    assert row is not None
    assert row.state is State.WAITING


@pytest.mark.parametrize("library", [each for each in LIBRARIES if each.alias in ("bullmq5", "bullmq6")], ids=named)
async def test_short_names_of_options_are_spelled_out_as_the_library_does(
    herd: Herd, mail: NodeQueue, library: Library
) -> None:
    opts = {"keepLogs": 5, "failParentOnFailure": True, "deduplication": {"id": "once"}}
    job = mail.add("welcome", {}, **opts)
    read = await agree(herd, mail, job["id"])
    assert read.deduplication_id == "once"
    assert read.ineffective == ()


@pytest.mark.parametrize("library", [each for each in LIBRARIES if each.alias in ("bullmq5", "bullmq6")], ids=named)
async def test_the_jobs_of_a_scheduler_name_it(herd: Herd, mail: NodeQueue, library: Library) -> None:
    mail.call("queue.upsertJobScheduler", "nightly", {"every": 600_000}, {"name": "clean", "data": {"a": 1}})
    until(lambda: mail.ids("delayed") or len(mail.ids("waiting")) > 1)
    job_id = (mail.ids("delayed") or [id for id in mail.ids("waiting") if id.startswith("repeat:")])[0]
    read = await agree(herd, mail, job_id)
    assert read.scheduler == "nightly"
    assert read.row.id.startswith("repeat:nightly:")


async def test_options_without_effect_are_marked(herd: Herd, mail: NodeQueue, library: Library) -> None:
    job = mail.add("welcome", {}, limiter={"max": 1}, timeout=1000, group={"id": "a"})
    await read_now(herd)
    marked = dict((await herd.job(MAIL, job["id"])).ineffective)
    assert set(marked) == {"limiter", "group"} | (set() if library.is_bull else {"timeout"})
