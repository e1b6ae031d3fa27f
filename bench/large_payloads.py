"""A page of 100 failed jobs whose data is 1 MB each: the size of its HTML, and how long Chromium takes to show it."""

from __future__ import annotations

import json
import shutil
import time
import urllib.request

import redis
from playwright.sync_api import Page, sync_playwright

from bench.world import job_fields, served
from tickbird.demo.server import EmbeddedServer

JOBS = 100
BYTES = 1_000_000
ROUNDS = 5
BROWSER = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]

_PAINTED = """() => new Promise(done =>
    requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now()))))"""


def fill(server: EmbeddedServer) -> None:
    """One BullMQ queue whose failed jobs all carry a large payload."""
    now, base = int(time.time() * 1000), "bull:render:"
    data = json.dumps({"documentId": "d-4411", "body": "x" * BYTES})
    with redis.Redis.from_url(server.url) as client:
        client.hset(base + "meta", mapping={"opts.maxLenEvents": "10000", "version": "bullmq:6.7.0"})
        client.set(base + "id", JOBS)
        for job in range(JOBS):
            client.hset(f"{base}{job}", mapping=job_fields(now - job * 1000, data))
        client.zadd(base + "failed", {str(job): now - job * 1000 for job in range(JOBS)})


def main() -> None:
    with EmbeddedServer.start(None, "--maxmemory", "1gb") as server:
        fill(server)
        with served(server) as base:
            page = f"{base}/queues/default/bull/render?state=failed&size={JOBS}"
            with urllib.request.urlopen(page, timeout=10) as response:
                body = response.read()
            print(f"{JOBS} failed jobs with {BYTES / 1e6:.0f} MB of data each: {len(body) / 1000:.0f} KB of HTML")
            assert body.count(b"ECONNRESET") >= JOBS, "not every job is on the page"
            print(f"in Chromium, from the request until shown: {_median_load(page):.0f} ms (median of {ROUNDS})")


def _median_load(page: str) -> float:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=BROWSER)
        took = sorted(_load(browser.new_page(), page) for _ in range(ROUNDS))
        browser.close()
    return took[ROUNDS // 2]


def _load(tab: Page, page: str) -> float:
    tab.goto(page, wait_until="load")
    # Two frames after the load event everything that was loaded has been painted.
    return float(tab.evaluate(_PAINTED))


if __name__ == "__main__":
    main()
