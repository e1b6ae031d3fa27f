"""A queue each of whose keys holds, in turn, what no library writes there: everything about it is still answered, and
what cannot be read is not said to be empty."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import redis as redis_py

from core.model import Dialect, State
from dashboard.urls import queue_href, queue_page
from tests.dashboard.browsing import Page
from tests.fuzz.asking import BASE, Asking, asking, pages, reads
from tests.fuzz.broken import breakages, put
from tests.fuzz.company import lay, queue_id
from tickbird.demo.server import EmbeddedServer

WHOLE = pytest.param(1, marks=[pytest.mark.full, pytest.mark.timeout(7200)], id="every kind in every key")
# A prime that divides neither the number of keys nor that of kinds: each key meets another kind.
FEW = pytest.param(97, marks=pytest.mark.timeout(600), id="some")


@pytest.fixture
async def there(server: EmbeddedServer, redis: redis_py.Redis) -> AsyncIterator[Asking]:
    async with asking(server.url) as asked:
        yield asked


@pytest.mark.parametrize("dialect", Dialect)
@pytest.mark.parametrize("step", [FEW, WHOLE])
async def test_everything_is_answered_whatever_lies_in_a_key(
    there: Asking, redis: redis_py.Redis, dialect: Dialect, step: int
) -> None:
    id = queue_id(dialect)
    for at, (key, kind) in enumerate(breakages(redis, dialect)):
        if at % step:
            continue
        await there.look()
        of_job = key.removeprefix(id.base).partition(b":")[0].decode()
        jobs = (of_job if of_job.isdigit() else "9",)
        for path, query in (*reads(id, jobs), *((page, None) for page in pages(id, jobs))):
            answer = await there.ask("GET", path, params=query)
            assert answer.status_code < 500, (key, kind, path, query, answer.text[:500])


@pytest.mark.parametrize("kind", ["string", "stream"])
async def test_a_state_that_cannot_be_read_is_not_said_to_be_empty(
    there: Asking, redis: redis_py.Redis, kind: str
) -> None:
    id = queue_id(Dialect.MQ5)
    lay(redis, Dialect.MQ5)
    redis.delete(id.base + b"wait")
    put(redis, id.base + b"wait", kind)
    put(redis, id.base + b"completed", kind)
    await there.look()
    counts = there.herd.queue(id).counts
    assert (counts.get(State.WAITING), counts.get(State.COMPLETED), counts[State.FAILED]) == (None, None, 2)
    for state in ("waiting", "completed"):
        listed = await there.ask("GET", f"{queue_href(BASE, id)}/jobs", params={"state": state})
        assert "cannot be read" in listed.json()["covered"]["note"]
    page = Page((await there.ask("GET", queue_page(BASE, id))).text)
    assert "The jobs that are waiting or completed cannot be read" in page.words


async def test_a_score_that_is_no_instant_is_shown_as_not_known(there: Asking, redis: redis_py.Redis) -> None:
    id = queue_id(Dialect.MQ5)
    lay(redis, Dialect.MQ5)
    redis.zadd(id.base + b"waiting-children", {"9": "+inf"})
    await there.look()
    (flight,) = (await there.ask("GET", f"{BASE}/api/flows")).json()["flows"]
    assert flight["waitsSince"] is None
    assert (await there.ask("GET", f"{BASE}/flows")).status_code == 200
