"""Another client that asks PING all the time, in a process of its own: in ours it would wait for us, not for Redis."""

from __future__ import annotations

import multiprocessing
import time
from typing import Any

import redis
from redis.exceptions import ResponseError


class Pings:
    """How long PINGs took while the block ran, in milliseconds."""

    def __init__(self, url: str) -> None:
        context = multiprocessing.get_context("spawn")
        self.seen: list[float] = []
        self._over, self._answers = context.Event(), context.SimpleQueue()
        self._process = context.Process(target=_ping, args=(url, self._over, self._answers), daemon=True)

    def __enter__(self) -> Pings:
        self._process.start()
        self._answers.get()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.seen = sorted(self._answers.get())
        self._process.join()

    def at(self, share: float) -> float:
        """The PING that this share of them did not exceed."""
        return self.seen[min(len(self.seen) - 1, int(share * len(self.seen)))]


def _ping(url: str, over: Any, answers: Any) -> None:
    seen: list[float] = []
    with redis.Redis.from_url(url, socket_timeout=None) as client:
        client.ping()
        answers.put(None)
        while not over.is_set():
            started = time.perf_counter()
            while not _answered(client):
                time.sleep(0.001)
            seen.append(1000 * (time.perf_counter() - started))
            time.sleep(0.001)
    answers.put(seen)


def _answered(client: redis.Redis) -> bool:
    """A script that runs for seconds has everybody else told that Redis is busy: that is no answer."""
    try:
        return bool(client.ping())
    except ResponseError as error:
        if not str(error).startswith("BUSY"):
            raise
        return False
