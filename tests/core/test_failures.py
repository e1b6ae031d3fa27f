"""Failures that are the same are found to be the same, and counted right while they come and go."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest
import redis as redis_py
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.audit.trail import Trail
from core.failures import book as books
from core.failures.book import Book
from core.failures.fingerprint import LONGEST_MESSAGE, error_class, fingerprint, own_frame, steady
from core.failures.groups import EXAMPLES, grouped
from core.failures.heads import AT_ONCE, HeadReader
from core.failures.survey import Failures, FailureSurvey
from core.instance import Instance
from core.jobs.rows import Placed
from core.model import Dialect, Identity, Queue, QueueId, State
from core.query.parser import parse
from core.redaction.redaction import Rule, redaction
from core.redis_settings import RedisSettings
from core.search.sieve import Sieve
from core.sight import Sight
from core.snapshot import Pass, Reading, Snapshot
from core.store.memory import MemoryStore
from tests.core import layout
from tests.core.waiting import soon
from tickbird.demo.server import EmbeddedServer

MAIL = QueueId("default", "bull", "mail")
NOW = 1_800_000_000_000
READS = ["+@read", "-eval", "-evalsha", "+select", "+client|setname", "+client|setinfo"]
NODE = (
    "TypeError: x is not a function\n"
    "    at Object.run (/app/node_modules/bullmq/dist/worker.js:10:2)\n"
    "    at async sendMail (/app/src/mail/send.js:12:5)\n"
    "    at process.processTicks (node:internal/process/task_queues:95:5)"
)
PYTHON = (
    "Traceback (most recent call last):\n"
    '  File "/usr/lib/python3.12/site-packages/bullmq/worker.py", line 3, in run\n'
    '  File "/app/jobs/mail.py", line 3, in send\n'
    '  File "/app/jobs/deep.py", line 9, in deeper\n'
    "ValueError: no"
)


def queue(failed: int, id: QueueId = MAIL) -> Queue:
    return Queue(id, Identity(Dialect.MQ5, "6.7.0", ()), paused=False, counts={State.FAILED: failed})


def fail(redis: redis_py.Redis, id: str, reason: str, *, at: int = NOW, stack: str = "", name: str = "send") -> None:
    stacks = (
        {"stacktrace": json.dumps(["Error: the first attempt\n    at old (/app/src/old.js:1:1)", stack])}
        if stack
        else {}
    )
    layout.failed(redis, b"bull:mail:", id, at=at, failedReason=reason, name=name, **stacks)


@pytest.mark.parametrize(
    ("message", "same"),
    [
        ("connect ECONNREFUSED 10.0.0.4:6379", "connect ECONNREFUSED <address>"),
        ("Order 4,411 of ada@example.com not found", "Order <number> of <email> not found"),
        ("job 3f2b8c1e-aaaa-bbbb-cccc-1234567890ab is late", "job <uuid> is late"),
        ("late since 2026-11-22T02:03:04.123Z", "late since <time>"),
        ("Request failed with status code 503", "Request failed with status code 503"),
        ("sha deadbeef0123 is gone", "sha <hex> is gone"),
        ("order 1234567 refused", "order <number> refused"),
        ("order 123456789 refused", "order <number> refused"),
        ("order 123456789012345678901234 refused", "order <number> refused"),
        ("session AbC123dEf456GhI789jKl0 over", "session <token> over"),
        ("timeout of 5000ms exceeded", "timeout of <number>ms exceeded"),
        ("one\ntwo", "one"),
        ("  much   space ", "much space"),
        ("plain words", "plain words"),
    ],
)
def test_what_changes_from_job_to_job_is_left_out_of_a_message(message: str, same: str) -> None:
    assert steady(message) == same


def test_the_kind_of_error_is_read_from_the_stack_or_from_a_message_that_names_one() -> None:
    assert error_class("x is not a function", NODE) == "TypeError"
    assert error_class("ECONNRESET 10.0.0.4", "") == "ECONNRESET"
    assert error_class("MyOwnError: broken", "") == "MyOwnError"
    assert error_class("Order: not found", "Error: Order: not found") == ""


def test_the_first_frame_of_the_applications_own_code_counts_without_its_line() -> None:
    assert own_frame(NODE) == "sendMail (mail/send.js)"
    assert own_frame(NODE.replace(":12:5", ":99:1")) == own_frame(NODE)
    assert own_frame(PYTHON) == "deeper (jobs/deep.py)"
    assert own_frame("Error: x\n    at /app/src/anonymous.js:1:2") == "src/anonymous.js"
    assert own_frame("no stack at all") == ""


@given(st.text(), st.text(), st.text())
def test_any_texts_have_a_fingerprint_of_bounded_size(name: str, reason: str, stack: str) -> None:
    found = fingerprint(name, reason, stack)
    assert found == fingerprint(name, reason, stack)
    assert len(found.message) <= LONGEST_MESSAGE
    assert found.key.startswith("v1-")


async def test_only_the_last_attempt_decides_and_long_or_broken_fields_harm_nothing(
    instance: Instance, redis: redis_py.Redis
) -> None:
    fail(redis, "1", "x is not a function", stack=NODE)
    fail(redis, "2", "r" * 100_000, stack=NODE * 1000)
    layout.failed(redis, b"bull:mail:", "3", at=NOW, stacktrace="no json", failedReason=b"\xff\xfe")
    redis.zadd("bull:mail:failed", {"ghost": NOW, "text": NOW})
    redis.set("bull:mail:text", "x")
    found = await HeadReader(instance, b"bull:mail:").read([b"1", b"2", b"3", b"ghost", b"text"])
    assert found[0] == fingerprint("send", "x is not a function", NODE)
    assert (found[1].name, found[1].message, found[1].frame) == ("send", "", "")
    assert found[2].message == "\udcff\udcfe"
    assert [one.name for one in found[3:]] == ["", ""]


STACKS = st.lists(st.sampled_from([NODE, PYTHON, "x" * 900, 'odd ","quotes', "", "é\n" * 700]), max_size=3)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.text(max_size=30), reason=st.text(max_size=1500), stacks=STACKS, spaced=st.booleans())
async def test_a_group_can_be_searched_for_and_is_the_same_then(
    instance: Instance, redis: redis_py.Redis, name: str, reason: str, stacks: list[str], spaced: bool
) -> None:
    separators = (", ", ": ") if spaced else (",", ":")
    stacktrace = json.dumps(stacks, separators=separators, ensure_ascii=False)
    fields = {"name": name, "failedReason": reason, "stacktrace": stacktrace}
    raw = {key: value.encode("utf-8", "replace") for key, value in fields.items()}
    redis.delete("bull:mail:1")
    layout.failed(redis, b"bull:mail:", "1", at=NOW, **raw)
    (grouped_by,) = await HeadReader(instance, b"bull:mail:").read([b"1"])
    found = await Sieve(parse(f"group:{grouped_by.key}")).sift(instance, queue(1), [Placed(b"1", State.FAILED)])
    assert len(found.fitting) == 1


async def test_where_scripts_are_forbidden_whole_stacks_are_read_and_tell_the_same(
    server: EmbeddedServer, instance: Instance, redis: redis_py.Redis
) -> None:
    fail(redis, "1", "x is not a function", stack=NODE)
    redis.acl_setuser("reader", enabled=True, passwords=["+pw"], keys=["*"], commands=READS)
    fail(redis, "2", "y", stack=NODE + "x" * 60_000)
    redis.hset("bull:mail:2", "name", "n" * 70_000)
    restricted = Instance(RedisSettings("default", server.url.replace("redis://", "redis://reader:pw@"), ("*",)))
    reader, ids = HeadReader(restricted, b"bull:mail:"), [b"1", b"2", b"ghost"]
    try:
        found = await reader.read(ids)
    finally:
        await restricted.close()
        redis.acl_deluser("reader")
    assert reader.unscripted
    assert found[0] == fingerprint("send", "x is not a function", NODE)
    assert (found[1].name, found[1].error, found[1].frame) == ("", "TypeError", "sendMail (mail/send.js)")
    assert found == await HeadReader(instance, b"bull:mail:").read(ids)


async def test_what_redaction_hides_is_in_no_fingerprint_even_where_a_field_is_cut(
    instance: Instance, redis: redis_py.Redis
) -> None:
    rules = redaction((Rule(keys=("*token*",)),), MAIL)
    fail(redis, "1", "refused token=abc for ada", stack="Error: token=abc\n    at run (/app/src/a.js:1:1)")
    fail(redis, "2", "r" * 780 + ' "token": "secret of more than a few characters"')
    one, two = await HeadReader(instance, b"bull:mail:", rules).read([b"1", b"2"])
    assert one.message == "refused token=[redacted]"
    assert "secret" not in two.message


async def test_a_book_follows_failures_that_come_go_and_come_again(
    instance: Instance, redis: redis_py.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(books, "LISTED", 7)
    book = Book()
    for number in range(30):
        fail(redis, str(number), f"reason {'ab'[number % 2]}", at=NOW + number // 5)
    await book.refresh(instance, queue(30), float("inf"))
    assert sorted(len(group.examples) for group in grouped({MAIL: book}, NOW)) == [EXAMPLES, EXAMPLES]
    redis.zrem("bull:mail:failed", "0", "1")
    fail(redis, "2", "another", at=NOW + 99)
    fail(redis, "new", "reason b", at=NOW + 3)
    await book.refresh(instance, queue(29), float("inf"))
    counts = {group.fingerprint.message: group.count for group in grouped({MAIL: book}, NOW)}
    assert counts == {"reason a": 13, "reason b": 15, "another": 1}
    assert book.covered


async def test_the_newest_are_read_first_and_the_rest_later(instance: Instance, redis: redis_py.Redis) -> None:
    for number in range(250):
        fail(redis, str(number), "x", at=NOW + number)
    book = Book()
    await book.refresh(instance, queue(250), 0)
    assert (len(book.known), book.total, book.covered) == (2 * AT_ONCE, 250, False)
    assert b"249" in book.known
    await book.refresh(instance, queue(250), float("inf"))
    assert book.covered


async def test_a_failure_that_is_read_twice_counts_once(instance: Instance, redis: redis_py.Redis) -> None:
    for number in range(3):
        fail(redis, str(number), "x", at=NOW + number)
    book = Book()
    await book.hold(HeadReader(instance, b"bull:mail:"), b"bull:mail:failed", [b"1", b"2", b"nobody"])
    assert sorted(book.known) == [b"1", b"2"]
    await book.refresh(instance, queue(3), float("inf"))
    await book.hold(HeadReader(instance, b"bull:mail:"), b"bull:mail:failed", [b"0", b"1"])
    assert [len(those.jobs) for those in book.groups().values()] == [3]


async def test_of_a_queue_that_goes_on_failing_only_what_is_new_is_listed(
    instance: Instance, redis: redis_py.Redis
) -> None:
    for number in range(500):
        fail(redis, f"{number:03}", "x", at=NOW + number // 2)
    book = Book()
    await book.refresh(instance, queue(500), float("inf"))
    sent = instance.commands_sent
    for number in range(500, 507):
        fail(redis, str(number), "y", at=NOW + 249 + number // 2)
    await book.refresh(instance, queue(507), float("inf"))
    assert instance.commands_sent - sent <= 5
    assert {how.message: len(those.jobs) for how, those in book.groups().items()} == {"x": 500, "y": 7}
    assert book.gone == []


async def test_columns_and_trend_count_by_when_a_job_failed(instance: Instance, redis: redis_py.Redis) -> None:
    for number, ago in enumerate((1, 4, 30, 300, 1000, 5000, 20_000)):
        fail(redis, str(number), "x", at=NOW - ago * 60_000)
    book = Book()
    await book.refresh(instance, queue(7), float("inf"))
    (group,) = grouped({MAIL: book}, NOW)
    assert group.recent == (2, 3, 4, 5, 6)
    assert (sum(group.trend), group.trend[-1]) == (3, 2)
    assert (group.first, group.last) == (NOW - 20_000 * 60_000, NOW - 60_000)
    assert [id for _, id, _ in group.examples] == ["0", "1", "2", "3", "4"]


def seen(*queues: Queue) -> Snapshot:
    return Snapshot(1, (Reading("default", NOW, queues, None, Pass()),))


@pytest.fixture
async def survey(instance: Instance, redis: redis_py.Redis) -> AsyncIterator[FailureSurvey]:
    queues = (queue(2, QueueId("default", "bull", name)) for name in ("mail", "push"))
    made = FailureSurvey(Sight({"default": instance}, seen(*queues)), (store := MemoryStore()), Trail(store))
    yield made
    await made.stop()


async def all_of(survey: FailureSurvey, total: int) -> Failures:
    async def all_known() -> Failures | None:
        found = await survey.look(0.2)
        return found if found.known == found.total == total else None

    found = await soon(all_known)
    assert found is not None
    return found


async def test_the_same_failure_in_two_queues_is_one_group(survey: FailureSurvey, redis: redis_py.Redis) -> None:
    for base in (b"bull:mail:", b"bull:push:"):
        layout.failed(redis, base, "1", "2", at=NOW, failedReason="ECONNRESET")
    (group,) = (await all_of(survey, 4)).groups
    assert (group.count, [count for _, count in group.queues]) == (4, [2, 2])
    listed = survey.jobs(group.key, since=NOW, limit=3)
    assert (listed.total, [id for _, id, _ in listed.jobs]) == (4, ["2", "2", "1"])
    assert survey.jobs(group.key, since=NOW + 1, limit=3).total == 0
