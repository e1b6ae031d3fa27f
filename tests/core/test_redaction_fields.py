"""A rule that names a whole field hides all of it, wherever anything of it would be shown, found or counted."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import redis as redis_py

import core
from core.events.happening import Happening
from core.feed.event import event_of
from core.herd import Herd
from core.jobs.listing import Wanted
from core.model import QueueId, State
from core.query.parser import parse
from core.redaction.fields import cleaned
from core.redaction.redaction import Rule, redaction
from core.redis_settings import RedisSettings
from core.settings import Settings
from tests.core import layout
from tests.core.waiting import read_now, soon
from tickbird.demo.server import EmbeddedServer

PUSH = QueueId("default", "bull", "push")
SECRET = "sekret"
FIELDS = ("data", "opts", "returnvalue", "progress", "failedReason", "stacktrace", "defa", "invented", "logs")
RULES = (Rule(keys=FIELDS),)


@pytest.fixture
async def herd(server: EmbeddedServer, redis: redis_py.Redis) -> AsyncIterator[Herd]:
    payload = json.dumps({"batchId": f"{SECRET}-1", SECRET: {"deep": SECRET}})
    fields: dict[str, Any] = dict.fromkeys(FIELDS, payload)
    fields |= {
        "failedReason": f"{SECRET} happened",
        "stacktrace": json.dumps([f"{SECRET}Error: no\n at {SECRET}.js:1"]),
    }
    base = layout.queue(redis, "bull:push:")
    layout.failed(redis, base, "p1", **fields)
    redis.rpush(base + b"p1:logs", f"{SECRET} was here")
    found = Herd(Settings(redis=(RedisSettings("default", server.url, ("*",)),), redact=RULES))
    await read_now(found)
    yield found
    await found.stop()


def says_nothing(*said: object) -> None:
    assert SECRET not in repr(said)


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize(
    "raw", [b'"sekret"', b'{"a":"sekret"}', b"sekret", b'["sekret"]', b"[sekret", b"sekret" * 200_000]
)
@pytest.mark.parametrize("pattern", ["{}", "*{}*"])
def test_nothing_of_a_field_that_is_named_is_left(field: str, raw: bytes, pattern: str) -> None:
    hides = redaction((Rule(keys=(pattern.format(field).upper(),)),), PUSH)
    shown = cleaned(hides, field.encode(), raw)

    assert b"sekret" not in shown
    assert b"[redacted]" in shown


async def test_no_page_of_a_job_shows_it(herd: Herd) -> None:
    says_nothing(
        await herd.job(PUSH, "p1"),
        await herd.jobs(PUSH, State.FAILED),
        await herd.logs(PUSH, "p1", start=0, limit=10),
        await herd.flows.tree(PUSH, "p1"),
    )


async def test_no_group_of_failures_says_it(herd: Herd) -> None:
    async with herd.failures.witnessed(PUSH, [b"p1"]):
        pass

    async def known() -> Any:
        seen = await herd.failures.look(5)
        return seen.groups if seen.known else ()

    says_nothing(await soon(known, seconds=60))


@pytest.mark.parametrize(
    "words",
    [
        *(SECRET, f"data.{SECRET}.deep:{SECRET}", f"data.batchId:{SECRET}-1", f"result.{SECRET}.deep:{SECRET}"),
        *(f"progress.{SECRET}.deep:{SECRET}", f"opts.{SECRET}.deep:{SECRET}", f"reason:{SECRET}"),
        f"log:{SECRET}",
    ],
)
async def test_no_search_finds_by_it(herd: Herd, words: str) -> None:
    found = await herd.find(PUSH, parse(words), Wanted(State.FAILED, "newest", 10, None))

    assert found.rows == ()


async def test_nothing_that_is_proposed_has_it(herd: Herd) -> None:
    says_nothing(await herd.views.vocabulary(PUSH, State.FAILED))
    assert await herd.batches.fields(PUSH) == ()


@pytest.mark.parametrize("field", ["data", "returnvalue", "failedReason", "invented"])
def test_no_event_tells_it(field: str) -> None:
    told = Happening(PUSH, 1, "progress", "1", None, {field.encode(): b'"sekret"'})

    says_nothing(event_of(told, 1, redaction(RULES, PUSH)))


def test_there_is_one_way_to_a_field_and_it_asks_for_the_whole_of_it() -> None:
    """What calls the parts of it forgets one of them: all but redaction itself goes by core/redaction/fields."""
    root = Path(core.__path__[0])
    others = [path for path in root.rglob("*.py") if root / "redaction" not in path.parents]

    assert [path.name for path in others if re.search(r"\.of_(json|text)\b", path.read_text())] == []
