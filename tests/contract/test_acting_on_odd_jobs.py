"""Jobs as no library would write them: ghosts, half-written ones, fields that hold anything."""

from __future__ import annotations

from typing import Any

import pytest

from core.dialects.contract import CONTRACTS
from core.model import Dialect, State
from tests.contract.laid_out import LAYOUTS, LaidOut, Layout

pytestmark = pytest.mark.parametrize("layout", LAYOUTS, ids=str)

GROTESQUE: list[dict[str, Any]] = [
    {"priority": "nan"},
    {"priority": "inf"},
    {"priority": "-inf"},
    {"priority": "1e400"},
    {"priority": -7},
    {"priority": 2.9},
    {"priority": "0x10"},
    {"priority": "urgent"},
    {"priority": 9007199254740993},
    {"opts": "not json"},
    {"opts": "null"},
    {"opts": "[1,2]"},
    {"opts": '{"lifo":"yes","repeat":7}'},
    {"opts": '{"repeat":{"key":{}}}'},
    {"opts": '{"lifo":true,"x":' + "[" * 2000 + "]" * 2000 + "}"},
    {"opts": '{"lifo":false,"pad":"' + "x" * 200_000 + '"}'},
    {"opts": b"\xff\xfe\x00"},
    {"parent": "not json"},
    {"parent": "null"},
    {"parent": '{"id":7,"queueKey":[]}'},
    {"parent": '{"id":"","queueKey":""}'},
    {"parent": '{"id":"1","queueKey":"bull:mail"}'},
    {"attemptsMade": "many", "atm": "few"},
    {"attemptsMade": "nan"},
    {"attemptsMade": 1e300, "atm": 3},
    {"delay": "soon", "deid": "\x00", "rjk": ""},
]


def named(fields: dict[str, Any]) -> str:
    return ", ".join(f"{name}={value!r}"[:40] for name, value in fields.items())


@pytest.mark.parametrize("fields", GROTESQUE, ids=named)
async def test_whatever_a_field_holds_a_job_is_wholly_retried_promoted_and_removed(
    mail: LaidOut, fields: dict[str, Any]
) -> None:
    retried, promoted = mail.add("1", State.FAILED, **fields), mail.add("2", State.DELAYED, **fields)
    await mail.retry(retried)
    await mail.promote(promoted)
    assert where(mail, "failed") == where(mail, "delayed") == []
    assert sorted({*mail.line("wait"), *where(mail, "prioritized")}) == ["1", "2"]
    await mail.remove("1")
    await mail.remove("2")
    assert mail.line("wait") == []
    assert mail.keys() <= {"events", "marker", "pc", "wait"}


def where(mail: LaidOut, name: str) -> list[str]:
    return [member.decode() for member in mail.redis.zrange(mail.base + name, 0, -1)]


async def test_a_ghost_is_dropped_from_whatever_state_it_haunts(mail: LaidOut, layout: Layout) -> None:
    for state in CONTRACTS[layout.dialect].keys:
        mail.ghost("9", state)
        mail.redis.rpush(f"{mail.base}9:logs", "what it left behind")
        mail.redis.sadd(f"{mail.base}stalled", "9")
        outcome = await mail.remove("9")
        assert outcome.sentence == f"The id 9 was dropped from {state} of mail; its job was gone already."
        mail.redis.delete(f"{mail.base}stalled")
        assert mail.keys() <= {"events"}


async def test_a_ghost_iteration_of_a_scheduler_may_go(mail: LaidOut) -> None:
    mail.redis.zadd(f"{mail.base}repeat", {"nightly": 1_800_000_000_000})
    mail.ghost("repeat:nightly:1800000000000", State.DELAYED)
    await mail.remove("repeat:nightly:1800000000000")
    assert mail.keys() <= {"events", "repeat"}


@pytest.mark.parametrize("job_id", ["a:b:c", "0:7", "ü ☃", "%25", "*", "[x]?", "a\nb", "\udcff\udcfe"])
async def test_any_id_is_acted_on_as_it_is(mail: LaidOut, job_id: str) -> None:
    raw = job_id.encode("utf-8", "surrogateescape")
    mail.redis.hset(mail.base.encode() + raw, "name", "deliver")
    mail.redis.zadd(f"{mail.base}failed", {raw: 1})
    outcome = await mail.retry(job_id)
    assert mail.redis.lrange(f"{mail.base}wait", 0, -1) == [raw]
    outcome.sentence.encode()
    await mail.remove(job_id)
    assert not mail.redis.exists(f"{mail.base}wait", mail.base.encode() + raw)


async def test_scores_keep_every_digit_when_the_counter_has_gone_round(mail: LaidOut, layout: Layout) -> None:
    if layout.dialect in (Dialect.BULL, Dialect.MQ_LIST):
        return
    mail.redis.set(f"{mail.base}pc", 2**32 + 4)
    mail.add("1", State.FAILED, priority=2_097_151)
    await mail.retry("1")
    assert mail.redis.zscore(f"{mail.base}prioritized", "1") == 2_097_151 * 2**32 + 5


async def test_scripts_that_redis_forgot_are_loaded_again(mail: LaidOut) -> None:
    for number in range(3):
        mail.add(str(number), State.FAILED)
        mail.redis.script_flush()
        await mail.retry(str(number))
    assert mail.line("wait") == ["0", "1", "2"]


async def test_a_second_retry_of_the_same_job_finds_it_gone(mail: LaidOut) -> None:
    """Two people press the button: one job, one place in line."""
    mail.add("1", State.FAILED)
    await mail.retry("1")
    with pytest.raises(Exception, match="any more"):
        await mail.retry("1")
    assert mail.line("wait") == ["1"]


async def test_what_happened_is_said_with_priority_and_pause(mail: LaidOut) -> None:
    for job_id in ("771", "772"):
        mail.add(job_id, State.FAILED, priority=5)
    assert (await mail.retry("771")).sentence == "Job 771 of mail is waiting again; it keeps priority 5."
    await mail.pause()
    said = (await mail.retry("772", reset_attempts=True)).sentence
    assert said == (
        "Job 772 of mail is waiting again with all its attempts; it keeps priority 5; "
        "the queue is paused, so it runs after a resume."
    )
