"""A job's data, progress and log are written as they were given, and only where a job is."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from core.dialects.contract import CONTRACTS
from core.errors import Conflict, Invalid, NotFound, Unsupported
from core.model import Dialect, State
from core.mutations.written import LINE_LIMIT
from tests.contract.acting import acting, field, made, refused
from tests.contract.laid_out import LAYOUTS, LaidOut, Layout

pytestmark = pytest.mark.parametrize("layout", LAYOUTS, ids=str)
WRITES: list[tuple[str, Any]] = [("edit_data", '{"n":1}'), ("set_progress", "50"), ("log", "a line")]
VERBS = pytest.mark.parametrize(("verb", "text"), WRITES, ids=[verb for verb, _ in WRITES])
HOSTILE_IDS = ["a:b:c", "ü ☃", "%25", "*", "[x]?", "a\nb", "\udcff\udcfe"]
EXACT = [
    '{"id": 9007199254740993, "big": 123456789012345678901234567890}',
    '{"price":1.10,"tiny":1e-400,"huge":1E400,"zero":-0.0}',
    '  {"a" :\t[1,2 ,3]}\n',
    '"text with \\u0000, \\ud83d and ☃"',
    "null",
    "9" * 6000,
    '{"a":1,"a":2}',
]


@pytest.mark.parametrize("data", EXACT)
async def test_data_is_stored_to_the_byte(mail: LaidOut, data: str) -> None:
    made(mail, "7", State.DELAYED)
    outcome = await acting(mail).edit_data("7", data)
    assert field(mail, "7", "data") == data.encode()
    assert (outcome.sentence, outcome.job_id) == ("Job 7 of mail has new data.", "7")


@pytest.mark.parametrize("data", ["", "{", "{a:1}", "NaN", "[Infinity]", '{"a":1}}', "[" * 100_000, '"\ud800"', "'a'"])
async def test_what_is_no_json_is_not_stored(mail: LaidOut, data: str) -> None:
    made(mail, "7", State.DELAYED)
    assert await refused(mail, Invalid, acting(mail).edit_data("7", data))
    assert await refused(mail, Invalid, acting(mail).set_progress("7", data))


async def test_data_beyond_the_limit_is_refused_with_the_limit(mail: LaidOut) -> None:
    made(mail, "7", State.DELAYED)
    said = await refused(mail, Invalid, acting(mail).edit_data("7", '"' + "☃" * 2_000_000 + '"'))
    assert said == "The data has 6,000,002 bytes; at most 5,000,000 can be written here."
    await refused(mail, Invalid, acting(mail).log("7", "x" * (LINE_LIMIT + 1)))


@pytest.mark.parametrize("state", [State.WAITING, State.FAILED, State.COMPLETED, State.DELAYED])
async def test_data_that_changed_meanwhile_is_not_overwritten(mail: LaidOut, state: State) -> None:
    made(mail, "7", state, data='{"n":2}')
    said = await refused(mail, Conflict, acting(mail).edit_data("7", '{"n":3}', seen='{"n":1}'))
    assert said.startswith("The data of job 7 of mail changed meanwhile")
    await acting(mail).edit_data("7", '{"n":3}', seen='{"n":2}')
    assert field(mail, "7", "data") == b'{"n":3}'


async def test_what_was_seen_may_be_no_text_at_all(mail: LaidOut) -> None:
    made(mail, "7", State.DELAYED, data=b"\xff\x00{")
    await refused(mail, Invalid, acting(mail).edit_data("7", "1", seen="\ud800"))
    await acting(mail).edit_data("7", "1", seen="\udcff\x00{")
    assert field(mail, "7", "data") == b"1"


async def test_the_same_data_again_changes_nothing(mail: LaidOut) -> None:
    made(mail, "7", State.DELAYED, data="[1]")
    outcome = await acting(mail).edit_data("7", "[1]")
    assert (outcome.changed, outcome.sentence) == (False, "Job 7 of mail has that data already.")


async def test_data_that_a_worker_has_read_is_not_edited(mail: LaidOut) -> None:
    made(mail, "7", State.ACTIVE)
    said = await refused(mail, Conflict, acting(mail).edit_data("7", "1"))
    assert said == "Job 7 of mail is active now: its worker has read its data already. Wait until it has finished."
    mail.redis.set(f"{mail.base}7:lock", "token")
    said = await refused(mail, Conflict, acting(mail).edit_data("7", "1"))
    assert said.startswith("A worker holds job 7 of mail: it has read the job's data already.")


async def test_progress_is_set_and_announced(mail: LaidOut, layout: Layout) -> None:
    made(mail, "7", State.ACTIVE)
    heard = mail.redis.pubsub()
    heard.psubscribe(f"{mail.base}*")
    heard.get_message(timeout=5)
    outcome = await acting(mail).set_progress("7", '{"step": 9007199254740993}')
    assert field(mail, "7", "progress") == b'{"step": 9007199254740993}'
    assert outcome.sentence == "Job 7 of mail has new progress."
    if layout.dialect is Dialect.BULL:
        message = heard.get_message(timeout=5)
        assert message["channel"].decode() == f"{mail.base}progress"
        assert json.loads(message["data"]) == {"jobId": "7", "progress": {"step": 9007199254740993}}
    else:
        ((_, said),) = mail.redis.xrange(f"{mail.base}events")
        assert said == {b"event": b"progress", b"jobId": b"7", b"data": b'{"step": 9007199254740993}'}
    heard.close()


async def test_a_log_keeps_as_many_lines_as_its_job_says(mail: LaidOut) -> None:
    for job_id, opts in (("1", "{}"), ("2", '{"kl":2}'), ("3", '{"kl":1.0}'), ("4", '{"kl":"many"}'), ("5", "[")):
        made(mail, job_id, State.FAILED, opts=opts)
        for number in range(3):
            outcome = await acting(mail).log(job_id, f"line {number} ☃")
        kept = {"2": 2, "3": 1}.get(job_id, 3)
        lines = [line.decode() for line in mail.redis.lrange(f"{mail.base}{job_id}:logs", 0, -1)]
        assert lines == [f"line {number} ☃" for number in range(3)][-kept:]
        assert outcome.sentence == f"Job {job_id} of mail has {kept} line{'s' * (kept > 1)} in its log now."


@VERBS
@pytest.mark.parametrize("job_id", HOSTILE_IDS)
async def test_any_id_is_written_to_as_it_is(mail: LaidOut, verb: str, text: str, job_id: str) -> None:
    raw = mail.base.encode() + job_id.encode("utf-8", "surrogateescape")
    mail.redis.hset(raw, mapping={"name": "deliver", "timestamp": 1})
    outcome = await getattr(acting(mail), verb)(job_id, text)
    assert mail.redis.hlen(raw) == (2 if verb == "log" else 3)
    outcome.sentence.encode()


@VERBS
async def test_only_jobs_are_written_to(mail: LaidOut, verb: str, text: str) -> None:
    made(mail, "1", State.WAITING)
    mail.redis.hset(f"{mail.base}meta", "opts.maxLenEvents", 77)
    mail.redis.hset(f"{mail.base}repeat:nightly", mapping={"name": "tidy", "data": "{}", "opts": "{}"})
    mail.redis.hset(f"{mail.base}half", "progress", 5)
    assert "not in Redis any more" in await refused(mail, NotFound, getattr(acting(mail), verb)("771", text))
    assert "is no job" in await refused(mail, Conflict, getattr(acting(mail), verb)("wait", text))
    for no_job in ("meta", "repeat:nightly", "half"):
        assert "in no state" in await refused(mail, Conflict, getattr(acting(mail), verb)(no_job, text))


@VERBS
@pytest.mark.parametrize("state", [State.FAILED, State.DELAYED, State.ACTIVE])
async def test_a_ghost_has_nothing_to_change(mail: LaidOut, verb: str, text: str, state: State) -> None:
    mail.ghost("9", state)
    assert "so there is nothing to change" in await refused(mail, Conflict, getattr(acting(mail), verb)("9", text))


@VERBS
async def test_a_doubt_or_a_library_that_we_only_read_refuses(
    mail: LaidOut, verb: str, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(mail, "7", State.DELAYED)
    known, queue = CONTRACTS[mail.layout.dialect], mail.queue
    mail.queue = replace(queue, identity=replace(queue.identity, doubt="The signs disagree."))
    assert await refused(mail, Unsupported, getattr(acting(mail), verb)("7", text)) == "The signs disagree."
    mail.queue = queue
    monkeypatch.setitem(CONTRACTS, mail.layout.dialect, replace(known, verbs=frozenset()))
    said = await refused(mail, Unsupported, getattr(acting(mail), verb)("7", text))
    assert f"to {verb.replace('_', ' ')} is not proved" in said


@VERBS
async def test_a_key_of_the_wrong_type_is_named(mail: LaidOut, verb: str, text: str) -> None:
    made(mail, "7", State.DELAYED)
    for name in ("active", "completed", "7:logs"):
        mail.redis.delete(mail.base + name)
        mail.redis.set(mail.base + name, "what is this")
    assert "holds something that its library never writes" in await refused(
        mail, Conflict, getattr(acting(mail), verb)("7", text)
    )
