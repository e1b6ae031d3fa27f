"""Redis stopped for 20 s and started again: how soon each page answers meanwhile, and when all is well again."""

from __future__ import annotations

import re
import time
import urllib.error
import urllib.request
from collections import defaultdict

from bench.world import fill, served
from tickbird.demo.server import EmbeddedServer

AWAY = 20.0
PAUSE = 0.1
PAGES = ("", "/queues/default/bull/queue-0001", "/queues/default/bull/queue-0001/jobs/1", "/api/queues")


def main() -> None:
    with EmbeddedServer.start() as server:
        fill(server, 20)
        with served(server) as base:
            urls = {page or "/": base + page for page in PAGES} | {
                "/metrics": re.sub(r"(://[^/]+)/.*", r"\1/metrics", base)
            }
            before = {name: get(url) for name, url in urls.items()}
            assert all(status == 200 for status, _, _ in before.values()), before
            server.stop()
            worst, said = watch(urls, time.monotonic() + AWAY)
            server.start_again()
            fill(server, 20)
            recovered = until_well(urls)
    for name in urls:
        words = "says so" if said[name] else "does not say so"
        print(f"{name:<42} worst answer while away {worst[name] * 1000:4.0f} ms, {words}")
    print(f"everything as before {recovered:.1f} s after Redis was back")


def get(url: str) -> tuple[int, str, float]:
    """Status, body and seconds of one request; a refusal is an answer too."""
    started = time.monotonic()
    try:
        with urllib.request.urlopen(url, timeout=10) as response:
            return response.status, response.read().decode(), time.monotonic() - started
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code, refusal.read().decode(), time.monotonic() - started


def watch(urls: dict[str, str], until: float) -> tuple[dict[str, float], dict[str, bool]]:
    """The slowest answer of each page, and whether its last answer told that Redis is away."""
    worst: dict[str, float] = defaultdict(float)
    said: dict[str, bool] = {}
    while time.monotonic() < until:
        for name, url in urls.items():
            _, body, took = get(url)
            worst[name] = max(worst[name], took)
            said[name] = "cannot be reached" in body or re.search(r"^bullmq_redis_up\{.*\} 0", body, re.M) is not None
        time.sleep(PAUSE)
    return worst, said


def until_well(urls: dict[str, str]) -> float:
    """Seconds until every page answers as before and none speaks of trouble."""
    started = time.monotonic()
    while time.monotonic() - started < 60:
        answers = [get(url) for url in urls.values()]
        if all(status == 200 and "cannot be reached" not in body for status, body, _ in answers):
            return time.monotonic() - started
        time.sleep(PAUSE)
    raise AssertionError("it did not recover within a minute")


if __name__ == "__main__":
    main()
