"""What a Redis says of itself, and what it leaves out."""

from __future__ import annotations

import redis as redis_py

from core.facts import facts
from core.instance import Instance, pack


async def test_a_real_server_is_told_by_its_own_name_and_version(instance: Instance, redis: redis_py.Redis) -> None:
    (info,) = await instance.batch([pack("INFO")])
    told, said = facts(info), redis.info()
    assert told.flavour in ("redis", "valkey")
    assert told.version == said.get("valkey_version", said["redis_version"])
    assert (told.mode, told.role, told.policy) == ("standalone", "master", "noeviction")
    assert told.memory_used > 0
    assert told.memory_max == said["maxmemory"]
    assert told.clients >= 1
    assert told.uptime_seconds >= 0


def test_valkeys_own_version_wins_over_the_one_it_shows_for_compatibility() -> None:
    told = facts(b"redis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:9.1.2\r\nserver_mode:cluster\r\n")
    assert (told.flavour, told.version, told.mode) == ("valkey", "9.1.2", "cluster")


def test_what_is_left_out_or_odd_breaks_nothing() -> None:
    told = facts(b"# Server\r\nredis_version:6.2.0\r\nused_memory:lots\r\nnonsense\r\n:\r\n\xff:\xfe\r\n")
    assert (told.flavour, told.version, told.policy, told.memory_used) == ("redis", "6.2.0", None, 0)
    assert facts(b"").version == "?"
