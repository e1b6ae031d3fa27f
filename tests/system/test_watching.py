"""Pages keep up with Redis by themselves, and nothing jumps under the reader."""

from __future__ import annotations

import re

import redis as redis_py
from playwright.sync_api import Browser, Page, expect

from core.redis_settings import RedisSettings
from core.settings import Settings
from tests.system.company import Company, now
from tests.system.conftest import Dashboard, Visitor, until
from tickbird.demo.server import EmbeddedServer

OF_MAIL = "/queues/default/bull/mail"
OUTAGE = "ERR_(CONNECTION_REFUSED|CONNECTION_RESET|INCOMPLETE_CHUNKED|EMPTY_RESPONSE)|htmx:(sse:)?error|50[03]"


def rows(page: Page) -> list[str]:
    return page.locator("tbody tr .open").all_inner_texts()


def test_a_queue_appears_by_itself_on_an_empty_page(visitor: Visitor, company: Company) -> None:
    page = visitor.open()
    expect(page.get_by_text("There is no Bull or BullMQ queue in Redis yet.")).to_be_visible()
    company.queue("mail")
    company.job("mail", "1", "waiting")
    expect(page.get_by_role("link", name="mail", exact=True)).to_be_visible()


def test_counts_move_in_place(visitor: Visitor, company: Company) -> None:
    company.queue("mail")
    company.job("mail", "1", "waiting")
    page = visitor.open()
    expect(page.locator("tbody .c-backlog")).to_have_text("1")
    for number in range(2, 8):
        company.job("mail", str(number), "waiting")
    expect(page.locator("tbody .c-backlog")).to_have_text("7")
    expect(page.locator("tfoot .c-backlog")).to_have_text("7")


def test_progress_moves_in_the_list_and_on_the_page_of_the_job(visitor: Visitor, company: Company) -> None:
    company.queue("mail")
    company.job("mail", "1", "active", processedOn=now(), progress={"percent": 10, "currentOperation": "resizing"})
    listed = visitor.open(f"{OF_MAIL}?state=active")
    whole = visitor.open(f"{OF_MAIL}/jobs/1")
    for page in (listed, whole):
        expect(page.locator("progress")).to_have_attribute("value", "10.0")
    company.progress("mail", "1", {"percent": 62.5, "currentOperation": "uploading"})
    for page in (listed, whole):
        expect(page.locator("progress")).to_have_attribute("value", "62.5")
        expect(page.get_by_text("uploading", exact=True)).to_be_visible()
    company.complete("mail", "1")
    expect(whole.locator(".standing .pill")).to_have_text("completed")
    expect(listed.locator("tr.left .went")).to_have_text("completed")


def test_new_jobs_are_announced_and_rows_keep_their_place_their_ticks_and_the_focus(
    visitor: Visitor, company: Company
) -> None:
    company.queue("mail")
    for number in range(3):
        company.failed("mail", f"f{number}", finishedOn=now())
    page = visitor.open(f"{OF_MAIL}?state=failed")
    before = rows(page)
    jobs = page.locator(".jobs tbody tr")
    jobs.nth(1).locator("[data-tick]").check()
    jobs.nth(2).locator(".open").focus()
    for number in range(3, 40):
        company.failed("mail", f"f{number}")
    expect(page.get_by_role("link", name="37 new jobs")).to_be_visible()
    assert rows(page) == before
    assert jobs.nth(1).locator("[data-tick]").is_checked()
    assert page.evaluate("document.activeElement.closest('tr').rowIndex") == 3
    page.get_by_role("link", name="37 new jobs").click()
    expect(jobs).to_have_count(40)


def test_what_was_opened_stays_open(visitor: Visitor, company: Company) -> None:
    company.queue("mail")
    company.job("mail", "1", "active", processedOn=now(), progress=1, stacktrace=["Error: a", "Error: b"], pk="x")
    page = visitor.open(f"{OF_MAIL}/jobs/1")
    page.get_by_text("1 earlier attempt").click()
    page.get_by_text("attempt 1: Error: a").click()
    company.progress("mail", "1", 50)
    company.redis.hset("bull:mail:1", "stacktrace", '["Error: a", "Error: b", "Error: c"]')
    expect(page.get_by_text("last attempt: Error: c")).to_be_visible()
    expect(page.locator("details.earlier[open] details.trace[open]")).to_have_count(1)


def test_typing_filters_at_once_and_live_rows_stay_filtered(visitor: Visitor, company: Company) -> None:
    for name in ("mail", "mail-retry", "video"):
        company.queue(name)
        company.job(name, "1", "waiting")
    visitor.wait_for_queues(3)
    page = visitor.open()
    expect(page.locator("tbody tr")).to_have_count(3)
    page.keyboard.press("/")
    page.keyboard.type("MAIL-")
    expect(page.locator("tbody tr:visible")).to_have_count(1)
    assert "filter=MAIL-" in page.url
    company.job("video", "2", "waiting")
    expect(page.locator("tfoot .c-backlog")).to_have_text("4")
    assert page.locator("tbody tr:visible .open").all_inner_texts() == ["mail-retry"]
    page.reload()
    expect(page.locator("tbody tr")).to_have_count(1)


def test_the_age_of_the_data_stays_young_and_shows_when_nothing_comes(visitor: Visitor, company: Company) -> None:
    visitor.expected = "ERR_FAILED|htmx:error"
    company.queue("mail")
    page = visitor.open()
    expect(page.locator("[data-age]")).to_have_text(re.compile(r"data [0-3] s old"))
    page.context.route(re.compile("/(live|fragments)[?]"), lambda route: route.abort())
    page.reload()
    page.evaluate("document.querySelector('#foot time').dataset.at = Date.now() - 20_000")
    expect(page.locator("html[data-old=some]")).to_have_count(1)
    expect(page.locator("[data-age]")).to_have_text(re.compile(r"data 2\d s old"))
    expect(page.get_by_text("no connection")).to_be_visible()


def test_a_tab_that_is_hidden_costs_nothing_until_it_is_seen_again(visitor: Visitor, company: Company) -> None:
    company.queue("mail")
    page = visitor.open()
    expect(page.locator("html[data-live=stream]")).to_have_count(1)
    expect(page.locator("tbody .c-backlog")).to_have_text("0")
    hide = (
        "Object.defineProperty(document, 'hidden', {value: %s, configurable: true});"
        "document.dispatchEvent(new Event('visibilitychange'))"
    )
    page.evaluate(hide % "true")
    company.job("mail", "1", "waiting")
    age = page.locator("[data-age] time")
    until(lambda: int(age.get_attribute("data-at") or 0) < now() - 3000)
    expect(page.locator("tbody .c-backlog")).to_have_text("0")
    page.evaluate(hide % "false")
    expect(page.locator("tbody .c-backlog")).to_have_text("1")


def test_a_page_recovers_when_tickbird_is_started_again(
    visitor: Visitor, company: Company, dashboard: Dashboard
) -> None:
    visitor.expected = OUTAGE
    company.queue("mail")
    company.job("mail", "1", "waiting")
    page = visitor.open()
    expect(page.locator("tbody .c-backlog")).to_have_text("1")
    dashboard.stop()
    company.job("mail", "2", "waiting")
    dashboard.start()
    expect(page.locator("tbody .c-backlog")).to_have_text("2")


def test_where_streams_do_not_get_through_the_page_asks(visitor: Visitor, company: Company) -> None:
    visitor.expected = "ERR_FAILED|htmx:error|502"
    company.queue("mail")
    page = visitor.open("?show=paused")
    page.context.route("**/live?**", lambda route: route.fulfill(status=502, body="no streams here"))
    page.goto(visitor.dashboard.url)
    expect(page.get_by_text("asking every 5 s")).to_be_visible()
    company.job("mail", "1", "waiting")
    expect(page.locator("tbody .c-backlog")).to_have_text("1")


def test_while_redis_is_away_every_page_answers_says_so_and_recovers(chromium: Browser) -> None:
    with EmbeddedServer.start() as server, redis_py.Redis.from_url(server.url) as redis:
        dashboard = Dashboard(Settings(redis=(RedisSettings("default", server.url),)))
        dashboard.start()
        visitor, company = Visitor(chromium, dashboard), Company(redis)
        company.queue("mail")
        company.failed("mail", "1")
        paths = ("", f"{OF_MAIL}?state=failed", f"{OF_MAIL}/jobs/1")
        pages = [visitor.open(path) for path in paths]
        expect(pages[0].locator("tbody .c-failed")).to_have_text("1")
        server.stop()
        for page in pages:
            expect(page.locator("#banner")).to_contain_text("Away for")
            expect(page.locator("#foot.is-away")).to_be_visible()
        for path in paths:
            assert visitor.status(path) in (200, 503)
        server.start_again()
        company.queue("mail")
        company.failed("mail", "1")
        for page in pages:
            expect(page.locator("#banner")).to_be_empty()
            expect(page.locator("#foot.is-away")).to_have_count(0)
        for page in pages:
            page.context.close()
        dashboard.stop()
