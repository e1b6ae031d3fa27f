"""A removal in bulk can be undone as a whole; what it left alone, and what found no room, is not put back."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import redis as redis_py

from core.errors import Conflict, NotFound
from core.herd import Herd
from core.model import QueueId, State
from core.operations.request import Action, Request
from core.undo import keepsakes
from tests.core import layout
from tests.core.waiting import read_now, still
from tickbird.demo.server import EmbeddedServer

MAIL, PUSH = (QueueId("default", "bull", name) for name in ("mail", "push"))


@pytest.fixture
async def herd(server: EmbeddedServer, redis: redis_py.Redis) -> AsyncIterator[Herd]:
    for name in ("mail", "push"):
        base = layout.queue(redis, f"bull:{name}:")
        for number in range(300):
            layout.failed(redis, base, str(number), at=1000 + number, failedReason=f"no {number}")
    async with still(server.url) as herd:
        yield herd


def hashes(redis: redis_py.Redis) -> dict[object, object]:
    keys = [key for name in (b"mail", b"push") for key in redis.keys(b"bull:%s:[0-9]*" % name)]
    return {key: redis.hgetall(key) for key in sorted(keys)}


async def removed(herd: Herd, *queues: QueueId) -> str:
    begun = await herd.operations.start(Request(Action.REMOVE, queues, State.FAILED))
    done = await herd.operations.wait(begun.id)
    assert done.finished is not None
    return begun.id


async def test_all_that_was_removed_from_several_queues_is_there_again(herd: Herd, redis: redis_py.Redis) -> None:
    before = hashes(redis)
    scores = redis.zrange("bull:push:failed", 0, -1, withscores=True)
    id = await removed(herd, MAIL, PUSH)
    assert hashes(redis) == {}
    about = await herd.undo.find(id)
    assert about is not None
    assert (about.kept, about.queues) == (600, (MAIL, PUSH))
    outcome = await herd.undo.restore(id)
    assert outcome.sentence == "600 jobs are back in 2 queues."
    assert hashes(redis) == before
    assert redis.zrange("bull:push:failed", 0, -1, withscores=True) == scores
    with pytest.raises(Conflict):
        await herd.undo.restore(id)


async def test_what_the_operation_left_alone_is_not_put_back_when_it_has_gone_since(
    herd: Herd, redis: redis_py.Redis
) -> None:
    redis.set("bull:mail:5:lock", "x")
    id = await removed(herd, MAIL)
    redis.delete("bull:mail:5:lock", "bull:mail:5")
    redis.zrem("bull:mail:failed", "5")
    assert (await herd.undo.restore(id)).sentence == "299 jobs are back in mail."
    assert not redis.exists("bull:mail:5")


async def test_where_there_is_no_room_the_removal_goes_on_and_says_so(
    herd: Herd, redis: redis_py.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keepsakes, "MOST_JOBS", 100)
    id = await removed(herd, MAIL)
    about = await herd.undo.find(id)
    assert about is not None
    assert about.kept + about.left_out[keepsakes.FULL] == 300
    assert redis.zcard("bull:mail:failed") == 0


async def test_a_clean_that_removed_nothing_has_nothing_to_undo(herd: Herd, redis: redis_py.Redis) -> None:
    redis.delete("bull:mail:failed")
    await read_now(herd)
    id = await removed(herd, MAIL)
    with pytest.raises(NotFound):
        await herd.undo.restore(id)
