"""Limits, deduplication ids, event streams and split pauses: what was asked happens, and nothing beside it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from core.errors import Conflict, Invalid, NotFound, Unsupported
from core.model import Dialect, Limits, State
from core.mutations import pausing, tending
from tests.contract.acting import acting, made, refused
from tests.contract.laid_out import LAYOUTS, LaidOut, Layout

EVERY = pytest.mark.parametrize("layout", LAYOUTS, ids=str)
STREAMED = pytest.mark.parametrize("layout", [each for each in LAYOUTS if each.dialect is not Dialect.BULL], ids=str)
LIMITED = pytest.mark.parametrize("layout", [each for each in LAYOUTS if each.version], ids=str)
UNLIMITED = pytest.mark.parametrize("layout", [each for each in LAYOUTS if not each.version], ids=str)
DEDUPLICATING = pytest.mark.parametrize(
    "layout", [each for each in LAYOUTS if each.dialect in (Dialect.BULL, Dialect.MQ5)], ids=str
)


def meta(mail: LaidOut) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in mail.redis.hgetall(f"{mail.base}meta").items()}


@LIMITED
async def test_a_concurrency_is_set_changed_and_lifted(mail: LaidOut) -> None:
    mail.redis.hset(f"{mail.base}meta", "opts.maxLenEvents", 77)
    first = await acting(mail).set_concurrency(3)
    assert (first.sentence, first.changed) == ("mail runs 3 jobs at once now.", True)
    again = await acting(mail).set_concurrency(3)
    assert (again.sentence, again.changed) == ("mail ran 3 jobs at once already.", False)
    assert meta(mail) == {"concurrency": "3", "opts.maxLenEvents": "77"}
    await acting(mail).set_concurrency(None)
    assert meta(mail) == {"opts.maxLenEvents": "77"}


@LIMITED
async def test_a_rate_limit_is_set_changed_and_lifted(mail: LaidOut) -> None:
    first = await acting(mail).set_rate_limit(10, 60_000)
    assert first.sentence == "mail runs 10 jobs within 1 min now."
    assert meta(mail) == {"max": "10", "duration": "60000"}
    lifted = await acting(mail).set_rate_limit(None, None)
    assert lifted.sentence == "mail runs at any rate now."
    assert meta(mail) == {}


@LIMITED
async def test_idle_workers_learn_of_a_new_limit(mail: LaidOut) -> None:
    made(mail, "7", State.WAITING)
    await acting(mail).set_concurrency(3)
    assert mail.wakes() == "now"
    mail.redis.delete(f"{mail.base}marker")
    await mail.pause()
    await acting(mail).set_concurrency(4)
    assert mail.wakes() == ""


@LIMITED
@pytest.mark.parametrize("limit", [0, -1, 2**53])
async def test_a_limit_that_makes_no_sense_is_invalid(mail: LaidOut, limit: int) -> None:
    await refused(mail, Invalid, acting(mail).set_concurrency(limit))
    await refused(mail, Invalid, acting(mail).set_rate_limit(limit, 1000))
    await refused(mail, Invalid, acting(mail).set_rate_limit(5, limit))
    assert "both" in await refused(mail, Invalid, acting(mail).set_rate_limit(5, None))


@UNLIMITED
async def test_where_workers_would_not_heed_it_a_limit_is_refused(mail: LaidOut) -> None:
    await refused(mail, Unsupported, acting(mail).set_concurrency(3))
    await refused(mail, Unsupported, acting(mail).set_rate_limit(3, 1000))


@pytest.mark.parametrize("layout", [Layout(Dialect.MQ5)], ids=str)
async def test_a_limit_that_its_application_set_can_be_changed(mail: LaidOut) -> None:
    mail.queue = replace(mail.queue, limits=Limits(concurrency=2))
    await acting(mail).set_concurrency(None)


@EVERY
async def test_a_window_that_is_used_up_is_forgotten(mail: LaidOut) -> None:
    mail.redis.set(f"{mail.base}limiter", 5, px=20_000)
    made(mail, "7", State.WAITING)
    outcome = await acting(mail).release_rate_limit()
    assert "starts anew, " in outcome.sentence
    assert not mail.redis.exists(f"{mail.base}limiter")
    again = await acting(mail).release_rate_limit()
    assert (again.sentence, again.changed) == ("mail is not held back by a rate limit now.", False)


@pytest.mark.parametrize("layout", [Layout(Dialect.BULL)], ids=str)
async def test_bull_forgets_which_jobs_a_limit_held_back_and_leaves_the_jobs(mail: LaidOut) -> None:
    limited = {f"{number}:anna": f"{mail.base}limiter:anna:limited" for number in range(2000)}
    for job_id, key in limited.items():
        mail.redis.sadd(key, job_id)
    mail.redis.hset(f"{mail.base}limiter:index", mapping=limited)
    mail.redis.hset(f"{mail.base}limiter:index", "odd", "another:queue:limited")
    mail.redis.sadd("another:queue:limited", "odd")
    mail.redis.set(f"{mail.base}limiter:anna", 9, px=20_000)
    made(mail, "1:anna", State.DELAYED)
    outcome = await acting(mail).release_rate_limit()
    assert "stay delayed until they are due" in outcome.sentence
    assert mail.keys() == {"1:anna", "delayed"}
    assert mail.redis.exists("another:queue:limited")


@DEDUPLICATING
async def test_a_deduplication_id_is_freed_and_its_job_stays(mail: LaidOut) -> None:
    made(mail, "7", State.WAITING, deid="order-1")
    mail.redis.set(f"{mail.base}de:order-1", "7")
    outcome = await acting(mail).release_deduplication("order-1")
    assert outcome.sentence == "Deduplication id order-1 of mail is free: it was held by job 7."
    assert mail.keys() == {"7", "wait"}
    said = await refused(mail, NotFound, acting(mail).release_deduplication("order-1"))
    assert said.startswith("Deduplication id order-1 of mail is held by no job.")


@pytest.mark.parametrize("layout", [Layout(Dialect.MQ5, "6.7.0")], ids=str)
async def test_a_follow_up_behind_the_holder_is_not_thrown_away(mail: LaidOut) -> None:
    mail.redis.set(f"{mail.base}de:order-1", "7")
    mail.redis.hset(f"{mail.base}dn:order-1", "name", "the follow-up")
    outcome = await acting(mail).release_deduplication("order-1")
    assert "is added when it ends" in outcome.sentence
    assert mail.keys() == {"dn:order-1"}


@DEDUPLICATING
async def test_a_key_of_that_name_that_is_something_else_is_left_alone(mail: LaidOut) -> None:
    mail.redis.rpush(f"{mail.base}de:order-1", "7")
    await refused(mail, Conflict, acting(mail).release_deduplication("order-1"))


@STREAMED
@pytest.mark.parametrize(("events", "keep"), [(1234, 100), (1234, 0), (7, 100), (25_000, 1)])
async def test_the_newest_events_are_kept_to_the_number(mail: LaidOut, events: int, keep: int) -> None:
    mail.redis.hset(f"{mail.base}meta", "opts.maxLenEvents", 77)
    pipe = mail.redis.pipeline()
    for number in range(events):
        pipe.xadd(f"{mail.base}events", {"event": "added", "jobId": number})
    pipe.execute()
    outcome = await acting(mail).trim_events(keep)
    left = [int(fields[b"jobId"]) for _, fields in mail.redis.xrange(f"{mail.base}events")]
    assert left == list(range(max(0, events - keep), events))
    assert outcome.changed == (events > keep)
    assert f"{len(left):,} {'is' if len(left) == 1 else 'are'} left" in outcome.sentence
    assert meta(mail) == {"opts.maxLenEvents": "77"}


@STREAMED
async def test_a_stream_that_is_not_there_is_not_made(mail: LaidOut) -> None:
    assert not (await acting(mail).trim_events(100)).changed
    assert mail.keys() == set()
    await refused(mail, Invalid, acting(mail).trim_events(-1))


@pytest.mark.parametrize("layout", [Layout(Dialect.BULL)], ids=str)
async def test_bull_has_no_events_to_trim(mail: LaidOut) -> None:
    assert "no stream of events" in await refused(mail, Unsupported, acting(mail).trim_events(100))


def fill(mail: LaidOut, waiting: int, aside: int) -> tuple[list[str], list[str]]:
    lines = [f"w{n}" for n in range(waiting)], [f"p{n}" for n in range(aside)]
    for line, state in zip(lines, (State.WAITING, State.PAUSED), strict=True):
        for job_id in line:
            made(mail, job_id, state)
    return lines


@pytest.fixture
def short_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (tending, pausing):
        monkeypatch.setattr(module, "MOVED_AT_ONCE", 3)


def flag(mail: LaidOut) -> Any:
    bull = mail.layout.dialect is Dialect.BULL
    return mail.redis.get(f"{mail.base}meta-paused") if bull else mail.redis.hget(f"{mail.base}meta", "paused")


@EVERY
@pytest.mark.usefixtures("short_pieces")
@pytest.mark.parametrize("aside", [1, 4, 11])
@pytest.mark.parametrize("waiting", [1, 4, 11])
async def test_a_split_pause_is_mended_into_the_paused_list_and_stays_paused(
    mail: LaidOut, waiting: int, aside: int
) -> None:
    await mail.pause()
    in_wait, in_paused = fill(mail, waiting, aside)
    outcome = await acting(mail).mend_pause()
    assert mail.line("paused") == [*in_paused, *in_wait]
    assert mail.line("wait") == []
    assert flag(mail) == b"1"
    assert "it stays paused" in outcome.sentence
    assert not (await acting(mail).mend_pause()).changed


@EVERY
@pytest.mark.usefixtures("short_pieces")
@pytest.mark.parametrize("aside", [1, 4, 11])
@pytest.mark.parametrize("waiting", [0, 4, 11])
async def test_what_a_running_queue_left_in_its_paused_list_runs_first(mail: LaidOut, waiting: int, aside: int) -> None:
    in_wait, in_paused = fill(mail, waiting, aside)
    outcome = await acting(mail).mend_pause()
    assert mail.line("wait") == [*in_paused, *in_wait]
    assert mail.line("paused") == []
    assert flag(mail) is None
    assert "came back from its paused list" in outcome.sentence
    assert mail.wakes() == ("now" if mail.layout.dialect is Dialect.MQ5 else "")


@EVERY
async def test_a_whole_queue_has_nothing_to_mend(mail: LaidOut) -> None:
    fill(mail, 3, 0)
    before = mail.everything()
    outcome = await acting(mail).mend_pause()
    assert (outcome.changed, mail.everything()) == (False, before)
    assert outcome.sentence == "mail has nothing to mend: its jobs are in one list."


@pytest.mark.parametrize("layout", [each for each in LAYOUTS if each.renames], ids=str)
async def test_a_pause_by_the_flag_alone_becomes_a_whole_one(mail: LaidOut) -> None:
    in_wait, _ = fill(mail, 3, 0)
    flags = {"meta-paused": None} if mail.layout.dialect is Dialect.BULL else {}
    for key in flags:
        mail.redis.set(f"{mail.base}{key}", 1)
    mail.redis.hset(f"{mail.base}meta", "paused", 1)
    await acting(mail).mend_pause()
    assert (mail.line("wait"), mail.line("paused")) == ([], in_wait)


ON_A_QUEUE = [
    ("set_concurrency", (3,), "meta"),
    ("set_rate_limit", (3, 1000), "meta"),
    ("trim_events", (5,), "events"),
    ("mend_pause", (), "paused"),
]


@pytest.mark.parametrize("layout", [Layout(Dialect.MQ5, "6.7.0")], ids=str)
@pytest.mark.parametrize(("verb", "told", "key"), ON_A_QUEUE)
async def test_a_key_of_the_wrong_type_is_told(mail: LaidOut, verb: str, told: tuple[int, ...], key: str) -> None:
    mail.redis.set(f"{mail.base}{key}", "what is this")
    await refused(mail, Conflict, getattr(acting(mail), verb)(*told))


@EVERY
@pytest.mark.parametrize(
    ("verb", "told"),
    [
        *((verb, told) for verb, told, _ in ON_A_QUEUE),
        ("fail", ("7", "gone")),
        ("requeue", ("7",)),
        ("release_rate_limit", ()),
        ("release_deduplication", ("order-1",)),
    ],
)
async def test_a_doubt_refuses_it_in_its_own_words(mail: LaidOut, verb: str, told: tuple[Any, ...]) -> None:
    mail.queue = replace(mail.queue, identity=replace(mail.queue.identity, doubt="It is BullMQ Pro."))
    assert await refused(mail, Unsupported, getattr(acting(mail), verb)(*told)) == "It is BullMQ Pro."
