"""What one follows in a real browser: events, a job's log, and one job's progress in a site of one's own."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import redis as redis_py
from playwright.sync_api import Browser, expect

from core.access.accounts import Grant, Token
from core.settings import Settings
from tests.core.layout import job, queue
from tests.system.conftest import Dashboard, Visitor, until

PAGE = Path(__file__).parents[2] / "docs" / "live.md"
OF_MAIL = "/queues/default/bull/mail"
TOKEN = "a token of the site's backend"


@pytest.fixture
def mail(redis: redis_py.Redis) -> bytes:
    """A queue with one active job."""
    base = queue(redis)
    redis.lpush(base + b"active", job(redis, base, "7", progress='{"percent":40}', processedOn="1"))
    return base


def test_events_come_by_themselves_and_stop_while_one_pauses(
    visitor: Visitor, mail: bytes, redis: redis_py.Redis
) -> None:
    page = visitor.open(f"{OF_MAIL}/events")
    expect(page.locator("#feed")).to_contain_text("added")
    redis.xadd(mail + b"events", {"event": "completed", "jobId": "7", "returnvalue": '"sent"'})
    expect(page.locator("#feed tbody tr").first).to_contain_text("completed")

    page.get_by_role("link", name="Pause").click()
    expect(page.locator("#said")).to_contain_text("paused")
    redis.xadd(mail + b"events", {"event": "paused"})
    expect(page.locator("#said")).to_contain_text("1 event since")
    expect(page.locator("#feed tbody tr").first).to_contain_text("completed")

    page.get_by_role("link", name="Go on live").click()
    expect(page.locator("#feed tbody tr").first).to_contain_text("paused")


def test_a_log_stays_at_its_end_unless_one_scrolls_away(visitor: Visitor, mail: bytes, redis: redis_py.Redis) -> None:
    redis.rpush(mail + b"7:logs", *(f"line {n}" for n in range(150)))
    page = visitor.open(f"{OF_MAIL}/jobs/7")
    box = page.locator("#log-lines")
    at_end = "box => box.scrollHeight - box.scrollTop - box.clientHeight < 30"
    assert box.evaluate(at_end)

    redis.rpush(mail + b"7:logs", *(f"late {n}" for n in range(30)))
    expect(box).to_contain_text("late 29")
    assert box.evaluate(at_end)

    box.evaluate("box => { box.scrollTop = 0; }")
    redis.rpush(mail + b"7:logs", "last of all")
    expect(box).to_contain_text("last of all")
    assert box.evaluate("box => box.scrollTop") == 0


def written(language: str) -> str:
    """The piece of docs/live.md in that language."""
    (found,) = re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(), re.DOTALL)
    return str(found)


@contextmanager
def site(folder: Path, href: str) -> Iterator[str]:
    """The backend of the page, in Node, as it stands there; where it is."""
    (folder / "progress.mjs").write_text(written("js"))
    (folder / "page.html").write_text(written("html"))
    told = {"QUEUE": href, "TICKBIRD_TOKEN": TOKEN, "REPORTS": json.dumps({"october": "a/~7"}), "PORT": "0"}
    environment = {**os.environ, **told}
    with subprocess.Popen(
        ["node", "progress.mjs"], cwd=folder, env=environment, stdout=subprocess.PIPE, text=True
    ) as node:
        assert node.stdout
        try:
            yield node.stdout.readline().strip()
        finally:
            node.terminate()


def test_the_documented_site_shows_one_jobs_progress_with_a_token_of_its_own(
    chromium: Browser, settings: Settings, redis: redis_py.Redis, tmp_path: Path
) -> None:
    grant = Grant("viewer", queues=("reports",))
    token = Token("site", grant, hashlib.sha256(TOKEN.encode()).hexdigest())
    dashboard = Dashboard(replace(settings, tokens=(token,)))
    base = queue(redis, "bull:reports:")
    redis.lpush(base + b"active", job(redis, base, "a/~7", progress='{"percent":40}', processedOn="1"))
    dashboard.start()
    try:
        with site(tmp_path, f"{dashboard.url}/api/queues/default/bull/reports") as address:
            page = chromium.new_page()
            page.goto(address)
            expect(page.locator("#word")).to_have_text("active")
            expect(page.locator("#bar")).to_have_attribute("value", "40")
            redis.hset(base + b"a/~7", mapping={"finishedOn": "2", "returnvalue": '"report.pdf"'})
            redis.lrem(base + b"active", 0, "a/~7")
            redis.zadd(base + b"completed", {"a/~7": 2})
            expect(page.locator("#word")).to_have_text("completed")
            expect(page.locator("#bar")).to_have_attribute("value", "100")
            until(lambda: page.request.get(f"{address}reports/november/progress").status == 404)
            page.close()
    finally:
        dashboard.stop()
