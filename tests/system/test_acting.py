"""People act on queues and jobs, with and without scripts, and are asked first where it matters."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from core.settings import Settings
from tests.system.company import Company, now
from tests.system.conftest import Visitor, until

OF_MAIL = "/queues/default/bull/mail"


def failures(company: Company, number: int) -> None:
    company.queue("mail")
    for index in range(number):
        company.failed("mail", f"f{index}")


def tick(page: Page, *ids: str) -> None:
    for id in ids:
        page.get_by_role("row", name=id).locator("[data-tick]").check()


def test_a_failed_job_is_retried_from_its_page(visitor: Visitor, company: Company) -> None:
    failures(company, 1)
    page = visitor.open(f"{OF_MAIL}/jobs/f0")
    page.get_by_role("button", name="Retry", exact=True).click()
    expect(page.locator("#notice")).to_be_visible()
    expect(page.locator(".standing .pill")).to_have_text("waiting")
    assert company.states("mail", "f0") == {"waiting"}
    page.reload()
    expect(page.locator("#notice")).to_have_count(0)


def test_removing_asks_in_a_dialog_with_the_focus_on_cancel(visitor: Visitor, company: Company) -> None:
    failures(company, 1)
    page = visitor.open(f"{OF_MAIL}/jobs/f0")
    dialog = page.get_by_role("dialog")
    page.get_by_role("button", name="Remove", exact=True).click()
    expect(dialog).to_contain_text("Remove 1 failed job from mail?")
    expect(page.get_by_role("link", name="Cancel")).to_be_focused()
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    page.get_by_role("button", name="Remove", exact=True).click()
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    assert company.states("mail", "f0") == {"failed"}
    page.get_by_role("button", name="Remove", exact=True).click()
    dialog.get_by_role("button", name="Remove 1 job").click()
    expect(page.locator("#notice.is-done")).to_be_visible()
    assert page.url.endswith("?state=failed")
    assert company.states("mail", "f0") == set()


def test_a_delayed_job_is_promoted(visitor: Visitor, company: Company) -> None:
    company.queue("mail")
    company.delayed("mail", "d1", now() + 3_600_000)
    page = visitor.open(f"{OF_MAIL}/jobs/d1")
    expect(page.locator(".standing")).to_contain_text("in 59 min")
    page.get_by_role("button", name="Promote", exact=True).click()
    expect(page.locator(".standing .pill")).to_have_text("waiting")
    assert company.states("mail", "d1") == {"waiting"}


def test_a_queue_is_paused_and_resumed(visitor: Visitor, company: Company) -> None:
    company.queue("mail")
    company.job("mail", "1", "waiting")
    page = visitor.open(OF_MAIL)
    page.get_by_role("button", name="Pause", exact=True).click()
    expect(page.get_by_role("dialog")).to_contain_text("1 job waits until somebody resumes it.")
    page.get_by_role("dialog").get_by_role("button", name="Pause", exact=True).click()
    expect(page.locator("#notice.is-done")).to_be_visible()
    expect(page.locator("#head .pill")).to_have_text("paused")
    assert company.paused("mail")
    page.get_by_role("button", name="Resume", exact=True).click()
    expect(page.get_by_role("button", name="Pause", exact=True)).to_be_visible()
    assert not company.paused("mail")


def test_a_queue_is_paused_from_its_row_and_the_overview_says_so(visitor: Visitor, company: Company) -> None:
    company.queue("mail")
    page = visitor.open()
    page.get_by_role("row", name="mail").hover()
    page.get_by_role("button", name="Pause mail").click()
    page.get_by_role("dialog").get_by_role("button", name="Pause", exact=True).click()
    expect(page.locator("#notice.is-done")).to_be_visible()
    assert page.url == visitor.dashboard.url
    until(lambda: company.paused("mail"))
    expect(page.get_by_role("row", name="mail")).to_contain_text("paused")


def test_ticked_jobs_are_retried_together(visitor: Visitor, company: Company) -> None:
    failures(company, 4)
    page = visitor.open(f"{OF_MAIL}?state=failed")
    bar = page.get_by_role("group", name="With the ticked jobs")
    expect(bar).to_be_hidden()
    tick(page, "f1", "f2")
    expect(bar).to_contain_text("2 jobs ticked")
    bar.get_by_role("button", name="Retry", exact=True).click()
    expect(page.locator("#notice")).to_contain_text("Retried 2 jobs.")
    expect(page.locator(".jobs tbody tr")).to_have_count(2)
    assert company.states("mail", "f1") == company.states("mail", "f2") == {"waiting"}


def test_a_range_is_ticked_with_shift_and_all_at_once_by_the_head(visitor: Visitor, company: Company) -> None:
    failures(company, 6)
    page = visitor.open(f"{OF_MAIL}?state=failed")
    ticks = page.locator("[data-tick]")
    ticks.nth(1).click()
    ticks.nth(4).click(modifiers=["Shift"])
    expect(page.locator("[data-ticked]")).to_have_text("4 jobs ticked")
    page.locator("[data-tick-all]").click()
    expect(page.locator("[data-ticked]")).to_have_text("6 jobs ticked")
    page.get_by_role("button", name="Clear", exact=True).click()
    expect(page.locator("[data-ticked]")).to_be_hidden()


def test_ticked_jobs_are_removed_after_a_question_that_counts_them(visitor: Visitor, company: Company) -> None:
    failures(company, 3)
    page = visitor.open(f"{OF_MAIL}?state=failed")
    page.locator("[data-tick-all]").check()
    page.get_by_role("group", name="With the ticked jobs").get_by_role("button", name="Remove", exact=True).click()
    expect(page.get_by_role("dialog")).to_contain_text("Remove 3 failed jobs from mail?")
    page.get_by_role("dialog").get_by_role("button", name="Remove 3 jobs").click()
    expect(page.locator("#notice")).to_contain_text("Removed 3 jobs.")
    assert company.states("mail", "f0") == set()


def test_what_is_refused_says_why_and_the_rest_is_done(visitor: Visitor, company: Company) -> None:
    failures(company, 2)
    page = visitor.open(f"{OF_MAIL}?state=failed")
    page.locator("[data-tick-all]").check()
    company.redis.zrem("bull:mail:failed", "f1")
    company.redis.lpush("bull:mail:active", "f1")
    company.redis.set("bull:mail:f1:lock", "token")
    page.get_by_role("group", name="With the ticked jobs").get_by_role("button", name="Retry", exact=True).click()
    expect(page.locator("#notice.is-partly")).to_contain_text("Retried 1 job. 1 job refused:")
    expect(page.locator("#notice li")).to_contain_text("f1:")


def test_everything_works_without_scripts(visitor: Visitor, company: Company) -> None:
    failures(company, 3)
    visitor.wait_for_queues(1)
    page = visitor.open(java_script_enabled=False)
    page.get_by_role("searchbox", name="Filter queues").fill("MAI")
    page.keyboard.press("Enter")
    page.wait_for_url("**filter=MAI**")
    page.get_by_role("columnheader", name="Backlog").get_by_role("link").click()
    page.wait_for_url("**sort=backlog**")
    page.get_by_role("link", name="mail", exact=True).click()
    page.get_by_role("navigation", name="Jobs by state").get_by_role("link", name="failed").click()
    tick(page, "f1")
    page.get_by_role("button", name="Retry", exact=True).click()
    assert "Retried 1 job." in page.locator("#notice").inner_text()
    page.get_by_role("link", name="f2").click()
    page.get_by_role("button", name="Remove", exact=True).click()
    assert "Remove 1 failed job from mail?" in page.locator("#question").inner_text()
    page.get_by_role("link", name="Cancel").click()
    page.get_by_role("button", name="Remove", exact=True).click()
    page.get_by_role("button", name="Remove 1 job").click()
    assert company.states("mail", "f2") == set()
    page.get_by_role("button", name="Pause", exact=True).click()
    page.get_by_role("button", name="Pause", exact=True).click()
    assert company.paused("mail")
    page.get_by_role("button", name="Resume", exact=True).click()
    assert not company.paused("mail")


def test_read_only_offers_nothing(visitor: Visitor, company: Company, settings: Settings) -> None:
    assert not settings.read_only
    failures(company, 1)
    visitor.dashboard.stop()
    visitor.dashboard.settings = Settings(redis=settings.redis, read_only=True)
    visitor.dashboard.start()
    for path in ("", f"{OF_MAIL}?state=failed", f"{OF_MAIL}/jobs/f0"):
        page = visitor.open(path)
        assert page.locator("form[method=post]:visible button").count() == 0
        expect(page.get_by_text("read-only").first).to_be_visible()
