"""Every page passes axe without a serious violation, light and dark, on a screen and on a telephone."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.system.company import Company, now
from tests.system.conftest import Visitor

OF_MAIL = "/queues/default/bull/mail"
PATHS = (
    "",
    "?show=paused",
    f"{OF_MAIL}?state=failed",
    f"{OF_MAIL}?state=active",
    f"{OF_MAIL}?state=prioritized",
    f"{OF_MAIL}/jobs/f0",
    f"{OF_MAIL}/jobs/a",
    f"{OF_MAIL}/jobs/d",
    f"{OF_MAIL}/jobs/d/change",
    f"{OF_MAIL}/jobs/a/change",
    f"{OF_MAIL}/jobs/f0/data",
    f"{OF_MAIL}/manage",
    f"{OF_MAIL}/add",
    "/operations",
    "/events",
    f"{OF_MAIL}?state=failed&q=name:send+reason:x",
    f"/views?from=/admin/queues{OF_MAIL}",
)
# Looked at once in each scheme: light on a screen, dark on a telephone.
ROOMS = (
    "/search",
    "/search?q=state:failed",
    "/errors",
    "/schedulers",
    "/flows?parts=yes",
    "/workers",
    "/redis",
    "/audit",
    f"{OF_MAIL}?state=completed",
    f"{OF_MAIL}/events",
    f"{OF_MAIL}/samples",
    f"{OF_MAIL}/schedulers",
    f"{OF_MAIL}/new-scheduler",
    f"{OF_MAIL}/schedulers/nightly",
    f"{OF_MAIL}/schedulers/nightly/edit",
    f"{OF_MAIL}/batches?field=data.to",
    f"{OF_MAIL}/dead-letters?state=failed",
    f"{OF_MAIL}/deduplication",
    f"{OF_MAIL}/add/several",
    f"{OF_MAIL}/jobs/p/flow",
)


def violations(page: Page) -> list[str]:
    found: list[dict[str, Any]] = Axe().run(page).response["violations"]
    return [
        f"{each['id']}: {each['help']} {[node['html'][:160] for node in each['nodes'][:3]]}"
        for each in found
        if each["impact"] in ("serious", "critical")
    ]


@pytest.fixture
def busy(company: Company) -> Company:
    company.queue("mail")
    company.queue("video")
    company.job("video", "1", "waiting")
    company.failed("mail", "f0", opts={"attempts": 3, "limiter": {"max": 1}})
    company.job("mail", "a", "active", processedOn=now(), progress={"percent": 40, "message": "resizing"})
    company.delayed("mail", "d", now() + 60_000, atm=1, processedOn=now() - 5000, failedReason="429")
    company.redis.rpush("bull:mail:f0:logs", "one", "two")
    company.redis.hset("bull:mail:repeat:nightly", mapping={"name": "nightly", "pattern": "0 3 * * *", "ic": "1"})
    company.redis.zadd("bull:mail:repeat", {"nightly": now() - 60_000})
    company.job("mail", "p", "waiting-children")
    company.redis.sadd("bull:mail:p:dependencies", "bull:mail:f0")
    company.failed("mail", "dead", data={"originalQueue": "mail", "jobName": "send", "jobData": {}, "error": "no"})
    for event in ("active", "failed", "stalled"):
        company.redis.xadd("bull:mail:events", {"event": event, "jobId": "f0", "failedReason": "429"})
    return company


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages(visitor: Visitor, busy: Company, scheme: str) -> None:
    found = {path: violations(visitor.open(path, color_scheme=scheme)) for path in PATHS}
    assert {path: each for path, each in found.items() if each} == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_telephone(visitor: Visitor, busy: Company, scheme: str) -> None:
    screen = {"width": 390, "height": 844}
    found = {path: violations(visitor.open(path, color_scheme=scheme, viewport=screen)) for path in PATHS}
    assert {path: each for path, each in found.items() if each} == {}


@pytest.mark.parametrize("part", range(3))
@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_the_other_rooms(visitor: Visitor, busy: Company, scheme: str, width: int, part: int) -> None:
    page = visitor.open(f"{OF_MAIL}/schedulers/nightly", color_scheme=scheme, viewport={"width": width, "height": 844})
    found = {}
    for path in ROOMS[part::3]:
        answer = page.goto(f"{visitor.dashboard.url}{path}")
        assert answer
        assert answer.status == HTTPStatus.OK, path
        found[path] = violations(page)
    assert {path: each for path, each in found.items() if each} == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_question_a_notice_and_a_selection(visitor: Visitor, busy: Company, scheme: str) -> None:
    page = visitor.open(f"{OF_MAIL}?state=failed", color_scheme=scheme)
    page.locator("[data-tick-all]").check()
    assert violations(page) == []
    page.get_by_role("group", name="With the ticked jobs").get_by_role("button", name="Remove", exact=True).click()
    page.get_by_role("dialog").wait_for()
    assert violations(page) == []
    page.get_by_role("dialog").get_by_role("button", name="Remove 2 jobs").click()
    page.locator("#notice").wait_for()
    assert violations(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_bulk_work_from_the_question_to_the_end(visitor: Visitor, busy: Company, scheme: str) -> None:
    visitor.wait_for_queues(2)
    page = visitor.open("", color_scheme=scheme)
    page.get_by_role("checkbox", name="Tick video").check()
    page.get_by_role("group", name="With the ticked queues").get_by_text("Clean or drain").click()
    assert violations(page) == []
    page.get_by_role("group", name="With the ticked queues").get_by_role("button", name="Obliterate").click()
    page.get_by_role("dialog").wait_for()
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.get_by_role("checkbox", name="Tick mail").check()
    page.get_by_role("group", name="With the ticked queues").get_by_role("button", name="Retry failed").click()
    page.get_by_role("dialog").get_by_role("button", name="Retry", exact=True).click()
    page.locator(".pill.is-completed").wait_for()
    assert violations(page) == []


def test_a_page_that_is_not_there(visitor: Visitor, busy: Company) -> None:
    visitor.expected = "404"
    page = visitor.open()
    page.goto(f"{visitor.dashboard.url}/nowhere")
    assert violations(page) == []
