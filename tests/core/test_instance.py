"""Our connections to one Redis: bounded in time, never out of step, and back by themselves."""

from __future__ import annotations

import asyncio

import pytest
import redis as redis_py
from redis.exceptions import ResponseError

from core.errors import Unavailable
from core.instance import Instance, pack
from core.node import CONNECTIONS
from core.redis_settings import RedisSettings
from core.script import Script
from tests.core.wire import Wire
from tickbird.demo.server import EmbeddedServer

FOREVER = pack("BLPOP", "nothing-comes", 0)


async def asked_in_step(instance: Instance, times: int = 30) -> None:
    """Every answer is to the question that was asked."""
    asking = [instance.batch([pack("ECHO", f"{number}-{part}") for part in range(5)]) for number in range(times)]
    for number, answers in enumerate(await asyncio.gather(*asking)):
        assert answers == [f"{number}-{part}".encode() for part in range(5)]


def hang_up(server: EmbeddedServer) -> None:
    """What a failover, a proxy or Redis' own `timeout` does to every connection."""
    with Wire(server.port) as admin:
        assert isinstance(admin.ask("CLIENT", "KILL", "TYPE", "NORMAL", "SKIPME", "YES"), int)


async def test_commands_of_any_bytes_are_sent_as_they_are(instance: Instance) -> None:
    for raw in (b"", b"\r\n$3\r\n", b"\x00\xff", b"x" * 1_000_000):
        assert await instance.ask("ECHO", raw) == raw
    assert await instance.ask("ECHO", "größe") == "größe".encode()


async def test_nothing_to_ask_costs_nothing(instance: Instance) -> None:
    assert await instance.batch([]) == []
    assert await instance.read([]) == []
    assert instance.commands_sent == 0


async def test_a_refusal_stands_in_its_place_among_the_answers(instance: Instance, redis: redis_py.Redis) -> None:
    redis.set("text", "1")
    commands = [pack("GET", "text"), pack("LLEN", "text"), pack("NONSENSE"), pack("GET", "text")]
    first, wrong, unknown, last = await instance.batch(commands)
    assert (first, last) == (b"1", b"1")
    assert isinstance(wrong, ResponseError)
    assert isinstance(unknown, ResponseError)
    await asked_in_step(instance)


async def test_a_key_of_a_wrong_type_reads_as_nothing_and_any_other_refusal_is_raised(
    instance: Instance, redis: redis_py.Redis
) -> None:
    redis.set("text", "1")
    assert await instance.read([pack("LLEN", "text"), pack("GET", "text")]) == [None, b"1"]
    with pytest.raises(Unavailable, match="refuses to be read"):
        await instance.read([pack("GET", "text"), pack("NONSENSE")])


async def test_what_takes_too_long_is_unavailable_and_leaves_nothing_out_of_step(instance: Instance) -> None:
    for _ in range(CONNECTIONS + 2):
        with pytest.raises(Unavailable, match=r"did not answer within 0\.05 s"):
            await instance.batch([pack("ECHO", "first"), FOREVER, pack("ECHO", "late")], time_limit=0.05)
    await asked_in_step(instance)


async def test_who_gives_up_waiting_leaves_nothing_out_of_step(instance: Instance) -> None:
    for _ in range(CONNECTIONS + 2):
        asking = asyncio.create_task(instance.batch([pack("ECHO", "first"), FOREVER]))
        await asyncio.sleep(0.01)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
    await asked_in_step(instance)


async def test_a_large_answer_given_up_half_way_leaves_nothing_out_of_step(
    instance: Instance, redis: redis_py.Redis
) -> None:
    redis.set("large", b"x" * 30_000_000)
    for seconds in (0.001, 0.003, 0.01):
        asking = asyncio.create_task(instance.ask("GET", "large"))
        await asyncio.sleep(seconds)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
    await asked_in_step(instance)


async def test_a_connection_cut_while_it_waits_is_unavailable_in_words(
    server: EmbeddedServer, instance: Instance
) -> None:
    asking = asyncio.create_task(instance.batch([FOREVER]))
    await asyncio.sleep(0.05)
    hang_up(server)
    with pytest.raises(Unavailable, match="default cannot be reached"):
        await asking
    await asked_in_step(instance)


async def test_connections_that_were_hung_up_while_idle_are_replaced_without_a_word(
    server: EmbeddedServer, instance: Instance
) -> None:
    for _ in range(3):
        await asked_in_step(instance)
        hang_up(server)
        await asyncio.sleep(0.02)
        await asked_in_step(instance)


async def test_more_askers_than_connections_take_turns(server: EmbeddedServer, instance: Instance) -> None:
    await asked_in_step(instance, 200)
    with Wire(server.port) as admin:
        names = admin.ask("CLIENT", "LIST").count(b"name=tickbird ")
    assert 1 <= names <= CONNECTIONS


async def test_nobody_there_is_unavailable() -> None:
    nowhere = Instance(RedisSettings("default", "redis://127.0.0.1:1/0"))
    with pytest.raises(Unavailable, match="cannot be reached"):
        await nowhere.ask("PING")
    await nowhere.close()


async def test_a_host_that_does_not_exist_is_unavailable() -> None:
    nowhere = Instance(RedisSettings("default", "redis://no-such-host.invalid:6379/0"))
    with pytest.raises(Unavailable):
        await nowhere.ask("PING")
    await nowhere.close()


async def test_another_database_is_read_and_not_the_first(server: EmbeddedServer, redis: redis_py.Redis) -> None:
    redis.set("key", "of the first")
    other = Instance(RedisSettings("default", server.url.replace("/0", "/5")))
    assert other.database == 5
    assert await other.ask("GET", "key") is None
    await other.close()


SUM = Script("test/sum", b"return {KEYS[1], ARGV[1] + ARGV[2]}")


async def test_a_script_runs_by_its_digest_and_is_loaded_where_it_was_forgotten(
    server: EmbeddedServer, instance: Instance
) -> None:
    with Wire(server.port) as admin:
        for _ in range(2):
            admin.ask("SCRIPT", "FLUSH")
            assert await instance.script(SUM, [b"key"], [3, 4]) == [b"key", 7]
            sent = instance.commands_sent
            assert await instance.script(SUM, [b"key"], [5, 6]) == [b"key", 11]
            assert instance.commands_sent - sent == 1


async def test_a_script_that_fails_says_so(instance: Instance) -> None:
    with pytest.raises(ResponseError, match="my own words"):
        await instance.script(Script("test/fail", b"return redis.error_reply('ERR my own words')"), [], [])
    await asked_in_step(instance)


async def test_commands_are_counted_as_redis_counts_them(instance: Instance, redis: redis_py.Redis) -> None:
    await instance.ask("PING")
    before, sent = redis.info("stats")["total_commands_processed"], instance.commands_sent
    await instance.batch([pack("PING")] * 40)
    assert instance.commands_sent - sent == 40
    assert redis.info("stats")["total_commands_processed"] - before == 41
