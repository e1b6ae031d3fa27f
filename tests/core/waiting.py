"""Waiting for what takes Redis or a herd a moment, with a deadline."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, nullcontext
from typing import TypeVar

from core.herd import Herd
from core.redis_settings import RedisSettings
from core.settings import Settings

T = TypeVar("T")


async def soon(probe: Callable[[], Awaitable[T]], *, seconds: float = 45) -> T:
    """The first truthy answer of `probe`; AssertionError with the last one after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (answer := await probe()):
        assert time.monotonic() < deadline, f"not so within {seconds} s; the last answer was {answer!r}"
        await asyncio.sleep(0.02)
    return answer


@asynccontextmanager
async def still(url: str, *prefixes: str) -> AsyncIterator[Herd]:
    """A herd that was read once and reads again only by `read_now`."""
    herd = Herd(Settings(redis=(RedisSettings("default", url, prefixes or ("*",)),)))
    try:
        await read_now(herd)
        yield herd
    finally:
        await herd.stop()


@asynccontextmanager
async def herding(url: str, *prefixes: str, watched: bool = True) -> AsyncIterator[Herd]:
    """A herd on that Redis, looked at the whole time unless told otherwise. Without a prefix it takes all."""
    herd = Herd(Settings(redis=(RedisSettings("default", url, prefixes or ("*",)),)))
    await herd.start()
    try:
        with herd.watching() if watched else nullcontext():
            yield herd
    finally:
        await herd.stop()


async def read_now(herd: Herd) -> None:
    """A full look, of a herd that was not started, and nothing remembered from the look before."""
    herd.sight.shared.forget(lambda _: True)
    await herd.read_now()


async def next_reading(herd: Herd) -> None:
    """Until a reading was taken that began after this call."""
    for _ in range(2):
        version = herd.snapshot().version
        assert (await herd.newer(version, 10)).version > version
