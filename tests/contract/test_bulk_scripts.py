"""One script for many jobs: each is judged by itself, and what is asked once for all holds for each."""

from __future__ import annotations

import json
from typing import Any

import pytest

from core.model import Dialect, State
from core.mutations.act import Act, Answer, wishes
from tests.contract.laid_out import LAYOUTS, LaidOut, Layout

pytestmark = pytest.mark.parametrize("layout", LAYOUTS, ids=str)
PRIORITISED = (Dialect.MQ4, Dialect.MQ5)


async def run(mail: LaidOut, verb: str, ids: list[str], **told: Any) -> list[Answer]:
    return await Act(mail.instance, mail.queue, verb, (wishes(brief=True, **told),)).on_jobs(ids)


def codes(answers: list[Answer]) -> list[str]:
    return [answer.code for answer in answers]


def waiting(mail: LaidOut, jobs: int) -> list[str]:
    return [mail.add(f"w{number}", State.WAITING) for number in range(jobs)]


async def test_jobs_that_workers_took_since_the_page_was_read_are_gone_and_the_others_removed(mail: LaidOut) -> None:
    ids = waiting(mail, 20)
    for _ in range(5):
        mail.redis.lmove(f"{mail.base}wait", f"{mail.base}active", "RIGHT", "LEFT")
    answers = await run(mail, "remove", ids[:10], **{"from": "wait"})

    assert codes(answers) == ["gone"] * 5 + ["ok"] * 5
    assert mail.line("wait") == ids[10:]
    assert mail.redis.llen(f"{mail.base}active") == 5
    assert all(mail.redis.exists(mail.base + id) for id in ids[:5])


async def test_behind_jobs_that_stay_the_right_ones_are_removed(mail: LaidOut) -> None:
    ids = waiting(mail, 20)
    answers = await run(mail, "remove", ids[7:12], place=7, **{"from": "wait"})

    assert codes(answers) == ["ok"] * 5
    assert mail.line("wait") == ids[:7] + ids[12:]


async def test_from_the_head_of_a_line_too(mail: LaidOut) -> None:
    ids = waiting(mail, 3000)
    await run(mail, "remove", ids[2500:2600], place=2500, **{"from": "wait"})
    assert mail.line("wait") == ids[:2500] + ids[2600:]


async def test_a_locked_job_among_others_stays_alone(mail: LaidOut) -> None:
    ids = waiting(mail, 9)
    mail.redis.set(f"{mail.base}{ids[4]}:lock", "token")
    answers = await run(mail, "remove", ids, **{"from": "wait"})

    assert codes(answers) == [*["ok"] * 4, "locked", *["ok"] * 4]
    assert mail.line("wait") == [ids[4]]


async def test_a_parent_whose_lock_or_children_hold_it_goes_in_its_turn(mail: LaidOut, layout: Layout) -> None:
    """Seen to after the others, it stands elsewhere in line than where it was found."""
    if layout.dialect is Dialect.BULL:
        return
    ids = waiting(mail, 9)
    child = mail.base + ids[2]
    mail.redis.hset(child, "parent", json.dumps({"id": ids[5], "queueKey": "bull:mail"}))
    mail.redis.sadd(f"{mail.base}{ids[5]}:dependencies", child)
    mail.redis.sadd(f"{mail.base}{ids[7]}:dependencies", "bull:video:1")
    answers = await run(mail, "remove", ids[:8], **{"from": "wait"})

    assert codes(answers) == [*["ok"] * 7, "children"]
    assert mail.line("wait") == [ids[7], ids[8]]


async def test_an_id_that_stands_in_line_twice_goes_as_often_as_it_is_named(mail: LaidOut) -> None:
    mail.add("a", State.WAITING)
    mail.add("b", State.WAITING)
    mail.ghost("a", State.WAITING)
    mail.ghost("a", State.WAITING)
    await run(mail, "remove", ["a", "b", "a"], **{"from": "wait"})
    assert mail.line("wait") == ["a"]


async def test_options_beyond_any_real_jobs_are_read_once_a_script_and_never_heeded(mail: LaidOut) -> None:
    huge = '{"lifo":true,"pad":"' + "x" * 100_000 + '"}'
    for number in range(6):
        mail.add(f"f{number}", State.FAILED, score=number, opts=huge if number in (1, 2, 4) else '{"lifo":true}')
    answers = await run(mail, "retry", [f"f{number}" for number in range(6)])

    assert codes(answers) == ["ok"] * 6
    assert mail.line("wait") == ["f5", "f3", "f0", "f1", "f2", "f4"]


async def test_priorities_among_others_keep_their_order(mail: LaidOut, layout: Layout) -> None:
    for number in range(8):
        mail.add(f"f{number}", State.FAILED, score=number, priority=number % 3)
    await run(mail, "retry", [f"f{number}" for number in range(8)], **{"from": "failed"})

    urgent, plain = ["f1", "f4", "f7", "f2", "f5"], ["f0", "f3", "f6"]
    if layout.dialect in PRIORITISED:
        assert (list(mail.prioritised()), mail.line("wait")) == (urgent, plain)
    else:
        assert mail.line("wait") == urgent + plain


async def test_a_script_says_at_last_how_long_it_took(mail: LaidOut) -> None:
    mail.add("1", State.FAILED)
    act = Act(mail.instance, mail.queue, "retry", (wishes(brief=True),))
    assert codes(await act.on_jobs(["1", "2"])) == ["ok", "missing"]
    assert 0 <= act.spent[0] < 1_000_000


async def test_only_the_state_that_was_asked_for_is_touched(mail: LaidOut) -> None:
    mail.add("1", State.COMPLETED)
    mail.add("2", State.FAILED)
    assert codes(await run(mail, "retry", ["1", "2"], **{"from": "failed"})) == ["gone", "ok"]
    assert codes(await run(mail, "remove", ["1", "2"], **{"from": "failed"})) == ["gone", "gone"]
    assert mail.line("wait") == ["2"]


async def test_what_came_since_or_is_too_young_is_left(mail: LaidOut) -> None:
    mail.add("old", State.DELAYED, timestamp=100)
    mail.add("young", State.DELAYED, timestamp=250)
    mail.add("new", State.DELAYED, timestamp=400)
    mail.add("ran", State.DELAYED, timestamp=100, processedOn=301)
    answers = await run(mail, "promote", ["old", "young", "new", "ran"], cutoff=300, youngest=200)
    assert codes(answers) == ["ok", "young", "new", "new"]


async def test_the_stream_gets_one_event_a_job_and_is_trimmed(mail: LaidOut, layout: Layout) -> None:
    if layout.dialect is Dialect.BULL:
        return
    mail.redis.hset(f"{mail.base}meta", "opts.maxLenEvents", 10)
    for number in range(450):
        mail.add(f"f{number}", State.FAILED, score=number)
    await run(mail, "retry", [f"f{number}" for number in range(450)])

    assert 10 <= mail.redis.xlen(f"{mail.base}events") <= 200
    (newest,) = mail.redis.xrevrange(f"{mail.base}events", count=1)
    assert newest[1] == {b"event": b"waiting", b"jobId": b"f449", b"prev": b"failed"}
