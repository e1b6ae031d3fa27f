"""Redis URLs: refused in words before use, and never shown with what is secret in them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from core.instance import Instance
from core.redis_settings import RedisSettings
from core.redis_url import check_url, without_secrets

SECRET = "hunter2"


@pytest.mark.parametrize(
    "url",
    [
        "redis://127.0.0.1:6379/0",
        "redis://redis.internal",
        f"rediss://default:{SECRET}@redis.internal:6380/3",
        "redis://[::1]:6379/0",
        f"unix://:{SECRET}@/run/redis/redis.sock?db=2",
        "redis://redis.internal:6379?db=4",
    ],
)
def test_a_url_that_can_be_dialled_is_accepted(url: str) -> None:
    check_url(url, "It")
    Instance(RedisSettings("default", url))


@pytest.mark.parametrize(
    "url",
    [
        "",
        "127.0.0.1:6379",
        f"http://:{SECRET}@redis.internal",
        f"redis://:{SECRET}@",
        f"redis://:{SECRET}@:6379",
        f"redis://:{SECRET}@redis.internal:64k",
        f"redis://:{SECRET}@redis.internal:70000",
        f"redis://:{SECRET}@[::1",
        f"redis://:{SECRET}@exa\u2100mple.internal",
        f"redis://:{SECRET}@redis.internal/0?db=first",
        f"redis://:{SECRET}@redis.internal/first",
        f"redis://:{SECRET}@redis.internal/-1",
        f"redis://:{SECRET}@redis.internal/0?socket_timeout=soon",
    ],
)
def test_any_other_is_refused_in_words_that_keep_the_secret(url: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_url(url, "The URL of instance 'billing'")
    said = f"{refused.value} {refused.value!r} {refused.value.__cause__} {refused.value.hint}"
    assert "billing" in said
    assert SECRET not in said


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (f"redis://reader:{SECRET}@redis.internal:6379/2", "redis://redis.internal:6379/2"),
        (f"rediss://:{SECRET}@redis.internal/0?password={SECRET}", "rediss://redis.internal/0"),
        (f"redis://:{SECRET}@[::1]:6379/0", "redis://[::1]:6379/0"),
        (f"unix://:{SECRET}@/run/redis.sock?password={SECRET}", "unix:///run/redis.sock"),
    ],
)
def test_a_url_is_shown_without_its_secrets(url: str, shown: str) -> None:
    assert without_secrets(url) == shown


@given(password=st.text(st.characters(categories=("L", "N")), min_size=8, max_size=20))
def test_nothing_that_holds_a_url_shows_its_password(password: str) -> None:
    secret = f"pw{password}"
    settings = RedisSettings("default", f"redis://:{secret}@redis.internal:6379/0")
    instance = Instance(settings)
    assert secret not in f"{settings!r} {settings} {instance!r} {instance.address}"
