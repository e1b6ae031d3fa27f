"""An operator's word on a queue's library outweighs what its keys say."""

from __future__ import annotations

from pathlib import Path

import pytest
import redis as redis_py

from core.dialects.detect import pinned
from core.errors import Invalid
from core.herd import Herd
from core.model import Dialect, Identity
from core.redis_settings import RedisSettings
from core.settings import Settings, load
from tests.conftest import Eventually
from tickbird.demo.server import EmbeddedServer


async def test_a_queue_that_is_pinned_has_that_dialect_and_says_so(
    server: EmbeddedServer, redis: redis_py.Redis, eventually: Eventually
) -> None:
    redis.set("bull:legacy-mail:id", 1)
    redis.hset("bull:legacy-mail:meta", "opts.maxLenEvents", "10000")
    redis.set("bull:mail:id", 1)
    herd = Herd(Settings(redis=(RedisSettings("default", server.url, dialects=(("legacy-*", Dialect.MQ4),)),)))
    await herd.start()

    queues = {q.id.name: q.identity for q in await eventually(lambda: herd.snapshot().queues)}

    await herd.stop()
    assert queues["legacy-mail"].dialect is Dialect.MQ4
    assert queues["legacy-mail"].pinned
    assert queues["legacy-mail"].doubt == ""
    assert queues["mail"].dialect is Dialect.BULL
    assert not queues["mail"].pinned


def test_a_version_that_the_pinned_dialect_never_had_is_not_shown() -> None:
    found = Identity(Dialect.MQ5, "6.7.0", ("meta says version 6.7.0",), doubt="The signs disagree.")

    identity = pinned(found, Dialect.MQ4)

    assert identity.version is None
    assert identity.evidence[0] == "pinned in the settings"


def test_the_file_pins_by_pattern_and_a_flag_with_another_address_keeps_the_pins(tmp_path: Path) -> None:
    file = tmp_path / "tickbird.toml"
    file.write_text('[[redis]]\nname = "shop"\nurl = "redis://a"\ndialects = { "legacy-*" = "mq_list" }\n')

    settings = load(file, {}, {"redis": ["shop=redis://b"]})

    assert settings.redis == (RedisSettings("shop", "redis://b", dialects=(("legacy-*", Dialect.MQ_LIST),)),)


@pytest.mark.parametrize("pins", ['{ "a" = "mq7" }', '["mq4"]', '{ "a" = 4 }'])
def test_a_dialect_that_does_not_exist_is_refused_with_those_that_do(tmp_path: Path, pins: str) -> None:
    file = tmp_path / "tickbird.toml"
    file.write_text(f"[[redis]]\ndialects = {pins}\n")

    with pytest.raises(Invalid, match="mq_list, mq4, mq5"):
        load(file, {}, {})
