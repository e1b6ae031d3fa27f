"""Which queues are found: every legal name and prefix, nothing that is somebody else's, by bounded reads alone."""

from __future__ import annotations

import base64

import pytest
import redis as redis_py

from core.discovery import base_of, split
from core.herd import Herd
from core.model import Dialect
from core.text import raw_bytes, text
from tests.conftest import Eventually
from tests.core import layout
from tests.core.waiting import herding, next_reading
from tests.core.wire import Wire
from tickbird.demo.server import EmbeddedServer

NAMES = [
    "mail",
    "with space",
    "a/b",
    "100%",
    "~tilde",
    "größe",
    "数据",
    "👨‍👩‍👧",
    "{tagged}",
    "a*b?c[d]\\e",
    "id",
    "meta",
    "<script>",
    "tab\tline\n",
    "x" * 400,
]


def found(herd: Herd) -> set[tuple[str, str]]:
    return {(queue.id.prefix, queue.id.name) for queue in herd.snapshot().queues}


@pytest.mark.parametrize(
    ("key", "base"),
    [
        (b"bull:mail:id", b"bull:mail:"),
        (b"bull:mail:meta", b"bull:mail:"),
        (b"bull:mail:meta-paused", b"bull:mail:"),
        (b"a:b:{c}:mail:id", b"a:b:{c}:mail:"),
        (b"\xff:\xfe:id", b"\xff:\xfe:"),
        (b"bull:mail:id\n", None),
        (b"bull:mail:video", None),
        (b"mail:id", None),
        (b"bull::id", None),
        (b"bull::relay:shop:meta", None),
        (b":id", None),
        (b"id", None),
    ],
)
def test_a_base_key_is_told_from_the_keys_that_every_queue_has(key: bytes, base: bytes | None) -> None:
    assert base_of(key) == base


@pytest.mark.parametrize(
    ("base", "known", "place"),
    [
        (b"bull:mail:", [], ("bull", "mail")),
        (b"eu:bull:mail:", [], ("eu:bull", "mail")),
        (b"bull:Q:sub:", [b"bull"], ("bull", "Q:sub")),
        (b"bull:eu:mail:", [b"bull:eu", b"bull"], ("bull:eu", "mail")),
        (b"bull:bull:", [b"bull"], ("bull", "bull")),
        (b"bullet:mail:", [b"bull"], ("bullet", "mail")),
    ],
)
def test_a_base_key_is_split_at_the_longest_known_prefix(
    base: bytes, known: list[bytes], place: tuple[str, str]
) -> None:
    found = split(base, known)
    assert (text(found.prefix), text(found.name)) == place


async def test_every_legal_name_is_found_and_kept_as_it_is(
    herd: Herd, redis: redis_py.Redis, eventually: Eventually
) -> None:
    for name in NAMES:
        layout.queue(redis, f"bull:{name}:")
    layout.queue(redis, b"bull:\xff\xfe latin:")
    expected = {*NAMES, text(b"\xff\xfe latin")}
    await eventually(lambda: {name for _, name in found(herd)} >= expected)
    assert found(herd) == {("bull", name) for name in expected}
    for queue in herd.snapshot().queues:
        assert queue.id.base == raw_bytes(f"bull:{queue.id.name}:")
        assert herd.queue(queue.id) == queue


@pytest.mark.parametrize("prefix", ["bull", "eu:shop:bull", "{bull}", "a*b", "a[b]c", "a?c", "a\\c", "größe", "w p"])
async def test_a_configured_prefix_is_taken_literally(
    server: EmbeddedServer, redis: redis_py.Redis, eventually: Eventually, prefix: str
) -> None:
    for other in ("bul", "axb", "abc", "bulll", "eu:shop"):
        layout.queue(redis, f"{other}:other:")
    layout.queue(redis, f"{prefix}:mail:")
    layout.bull(redis, f"{prefix}:Q:sub:")
    async with herding(server.url, prefix) as herd:
        await eventually(lambda: len(found(herd)) >= 2)
        assert found(herd) == {(prefix, "mail"), (prefix, "Q:sub")}


async def test_of_several_prefixes_the_longest_one_splits_the_name(
    server: EmbeddedServer, redis: redis_py.Redis, eventually: Eventually
) -> None:
    for base in ("bull:mail:", "bull:eu:mail:", "shop:mail:", "{bull}:mail:"):
        layout.queue(redis, base)
    async with herding(server.url, "bull", "bull:eu", "{bull}") as herd:
        await eventually(lambda: len(found(herd)) >= 3)
        assert found(herd) == {("bull", "mail"), ("bull:eu", "mail"), ("{bull}", "mail")}


async def test_keys_that_only_look_like_a_queues_are_left_alone(
    herd: Herd, redis: redis_py.Redis, eventually: Eventually
) -> None:
    redis.set("bull:cache:id", "an id in words")
    redis.set("bull:huge:id", "7" * 1_000_000)
    redis.hset("bull:hash:id", mapping={"a": "1"})
    redis.set("shop:order:id", "4711")
    redis.sadd("shop:articles:meta", "a")
    redis.hset("shop:release:meta", mapping={"version": "1.2.3", "paused": "no", "concurrency": "4"})
    redis.set("shop:order:7:meta", "text")
    redis.hset("bull::relay:shop:meta", mapping={"version": "bullmq:6.7.0"})
    redis.set("bull::relay:shop:id", "1")
    redis.set("bull:mail:de:id", "5")
    base = layout.queue(redis)
    layout.job(redis, base, "order:7:meta")
    layout.job(redis, base, "x:id")
    await eventually(lambda: ("bull", "mail") in found(herd))
    await next_reading(herd)
    assert found(herd) == {("bull", "mail")}


async def test_a_drained_queue_of_bull_is_found_under_its_usual_prefix(
    herd: Herd, redis: redis_py.Redis, eventually: Eventually
) -> None:
    redis.set("bull:mail:id", "12")
    await eventually(lambda: found(herd) == {("bull", "mail")})
    assert herd.snapshot().queues[0].identity.dialect is Dialect.BULL


async def test_a_drained_queue_of_bull_is_found_under_a_prefix_that_was_asked_for(
    server: EmbeddedServer, redis: redis_py.Redis, eventually: Eventually
) -> None:
    redis.set("shop:mail:id", "12")
    async with herding(server.url, "shop") as herd:
        await eventually(lambda: found(herd) == {("shop", "mail")})


async def test_a_queue_of_which_nothing_is_left_disappears(
    herd: Herd, redis: redis_py.Redis, eventually: Eventually
) -> None:
    layout.queue(redis)
    layout.queue(redis, "bull:video:")
    await eventually(lambda: len(found(herd)) == 2)
    redis.delete(*redis.keys("bull:mail:*"))
    await eventually(lambda: found(herd) == {("bull", "video")})
    redis.flushall()
    await eventually(lambda: found(herd) == set())


async def test_a_worker_without_a_single_key_shows_its_queue_and_takes_it_along(
    server: EmbeddedServer, herd: Herd, eventually: Eventually
) -> None:
    name = base64.b64encode(b"mail").decode()
    with Wire(server.port, name=f"eu:bull:{name}:w:anna") as worker:
        worker.send("BZPOPMIN", "eu:bull:mail:marker", 0)
        await eventually(lambda: found(herd) == {("eu:bull", "mail")})
        workers = herd.snapshot().queues[0].workers
        assert workers is not None
        assert (workers.total, workers.free, workers.names) == (1, 1, ("anna",))
    await eventually(lambda: found(herd) == set())


async def test_a_worker_of_a_prefix_that_nobody_asked_for_is_not_shown(
    server: EmbeddedServer, redis: redis_py.Redis, eventually: Eventually
) -> None:
    with Wire(server.port, name="shop:mail") as worker:
        worker.send("BZPOPMIN", "shop:mail:marker", 0)
        layout.queue(redis, "bull:mail:")
        async with herding(server.url, "bull") as herd:
            await eventually(lambda: found(herd) == {("bull", "mail")})
            await next_reading(herd)
            assert found(herd) == {("bull", "mail")}
