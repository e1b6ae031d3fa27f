"""Pause and resume move every job and lose none, whatever lists exist, in pieces where they are long."""

from __future__ import annotations

import pytest

from core.model import Dialect, State
from core.mutations import pausing
from tests.contract.laid_out import LAYOUTS, LaidOut, Layout

LENGTHS = (0, 1, 3, 4, 11)
PIECE = 3
FOREIGN = {
    Dialect.BULL: {"marker", "prioritized", "pc", "events", "delay"},
    Dialect.MQ_LIST: {"marker", "prioritized", "pc", "meta-paused", "delay"},
    Dialect.MQ4: {"marker", "priority", "meta-paused", "delay"},
    Dialect.MQ5: {"priority", "meta-paused", "delay"},
}


@pytest.fixture(autouse=True)
def short_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pausing, "MOVED_AT_ONCE", PIECE)


def fill(mail: LaidOut, waiting: int, paused: int) -> tuple[list[str], list[str]]:
    lines = [f"w{n}" for n in range(waiting)], [f"p{n}" for n in range(paused)]
    for line, state in zip(lines, (State.WAITING, State.PAUSED), strict=True):
        for job_id in line:
            mail.add(job_id, state)
    return lines


@pytest.mark.parametrize("layout", [layout for layout in LAYOUTS if layout.renames], ids=str)
@pytest.mark.parametrize("paused", LENGTHS)
@pytest.mark.parametrize("waiting", LENGTHS)
async def test_a_pause_puts_what_waits_behind_what_was_paused(mail: LaidOut, waiting: int, paused: int) -> None:
    in_wait, in_paused = fill(mail, waiting, paused)
    outcome = await mail.pause()
    assert mail.line("paused") == [*in_paused, *in_wait]
    assert mail.line("wait") == []
    assert outcome.changed


@pytest.mark.parametrize("layout", [Layout(Dialect.MQ_LIST), Layout(Dialect.MQ4)], ids=str)
@pytest.mark.parametrize("marker", ["0", "0:0", "0:1795314085345"])
async def test_a_marker_is_not_carried_along_as_if_it_were_a_job(mail: LaidOut, marker: str) -> None:
    fill(mail, 7, 2)
    mail.redis.linsert(f"{mail.base}wait", "BEFORE", "w3", marker)
    await mail.pause()
    assert mail.redis.lpos(f"{mail.base}paused", marker) is None
    assert len(mail.line("paused")) == 9


@pytest.mark.parametrize("layout", [layout for layout in LAYOUTS if not layout.renames], ids=str)
async def test_a_pause_of_6_leaves_every_job_where_it_is(mail: LaidOut) -> None:
    in_wait, _ = fill(mail, 4, 0)
    await mail.pause()
    assert (mail.line("wait"), mail.line("paused")) == (in_wait, [])


@pytest.mark.parametrize("layout", [layout for layout in LAYOUTS if not layout.renames], ids=str)
async def test_where_a_paused_list_stands_a_pause_trusts_no_claim_to_be_of_6(mail: LaidOut) -> None:
    in_wait, in_paused = fill(mail, 4, 4)
    await mail.pause()
    assert (mail.line("wait"), mail.line("paused")) == ([], [*in_paused, *in_wait])


@pytest.mark.parametrize("layout", [layout for layout in LAYOUTS if not layout.renames], ids=str)
async def test_a_version_that_changed_since_we_looked_is_heeded(mail: LaidOut) -> None:
    in_wait, _ = fill(mail, 4, 0)
    mail.redis.hset(f"{mail.base}meta", "version", "bullmq:5.81.5")
    await mail.pause()
    assert (mail.line("wait"), mail.line("paused")) == ([], in_wait)


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
@pytest.mark.parametrize("paused", LENGTHS)
@pytest.mark.parametrize("waiting", LENGTHS)
async def test_a_resume_brings_paused_jobs_back_in_front(mail: LaidOut, waiting: int, paused: int) -> None:
    await mail.pause()
    in_wait, in_paused = fill(mail, waiting, paused)
    outcome = await mail.resume()
    assert mail.line("wait") == [*in_paused, *in_wait]
    assert mail.line("paused") == []
    assert outcome.sentence == "mail runs again: workers take jobs."


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
async def test_jobs_left_in_the_paused_list_of_a_running_queue_come_back(mail: LaidOut) -> None:
    fill(mail, 0, 7)
    outcome = await mail.resume()
    assert len(mail.line("wait")) == 7
    assert outcome.changed
    assert outcome.sentence == "mail was not paused, but 7 jobs left in its paused list came back."


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
async def test_pausing_and_resuming_twice_says_that_nothing_changed(mail: LaidOut) -> None:
    assert (await mail.pause()).changed
    again = await mail.pause()
    assert (again.changed, again.sentence) == (False, "mail was paused already.")
    assert (await mail.resume()).changed
    again = await mail.resume()
    assert (again.changed, again.sentence) == (False, "mail was not paused.")


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
async def test_a_resume_stops_where_somebody_pauses_in_between(
    mail: LaidOut, layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    await mail.pause()
    fill(mail, 11, 11)
    run = mail.instance.script
    calls = 0

    async def paused_after_two(*arguments: object) -> object:
        nonlocal calls
        calls += 1
        if calls == 3:
            flag = ("SET", f"{mail.base}meta-paused", 1) if layout.dialect == "bull" else ()
            mail.redis.execute_command(*(flag or ("HSET", f"{mail.base}meta", "paused", 1)))
        return await run(*arguments)  # type: ignore[arg-type] # passed through as they came

    monkeypatch.setattr(mail.instance, "script", paused_after_two)
    outcome = await mail.resume()
    assert outcome.sentence == "mail was paused again meanwhile; 5 jobs are still set aside."
    assert len(mail.line("wait")) == 17
    assert len(mail.line("paused")) == 5


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
async def test_no_key_of_another_layout_is_created(mail: LaidOut, layout: Layout) -> None:
    """Each would mislead the detection of the library, or its own tools."""
    fill(mail, 2, 0)
    mail.add("9", State.FAILED, priority=4)
    mail.add("10", State.DELAYED, priority=4)
    await mail.pause()
    await mail.resume()
    await mail.retry("9")
    await mail.promote("10")
    await mail.remove("9")
    assert mail.keys() & FOREIGN[layout.dialect] == set()
    assert set(mail.redis.hkeys(f"{mail.base}meta")) == set()


@pytest.mark.parametrize("layout", [layout for layout in LAYOUTS if layout.dialect != "bull"], ids=str)
async def test_the_event_stream_stays_as_long_as_its_library_set_it(mail: LaidOut) -> None:
    mail.redis.hset(f"{mail.base}meta", mapping={"opts.maxLenEvents": 10, "version": "bullmq:5.0.0"})
    for number in range(400):
        mail.add(f"{number}", State.FAILED)
        await mail.retry(f"{number}")
    assert 10 <= mail.redis.xlen(f"{mail.base}events") <= 200
    assert mail.redis.hgetall(f"{mail.base}meta") == {b"opts.maxLenEvents": b"10", b"version": b"bullmq:5.0.0"}
