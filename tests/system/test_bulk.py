"""People act on many jobs and queues at once, edit data and change jobs, with and without scripts."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.system.company import Company, now
from tests.system.conftest import Visitor, until

OF_MAIL = "/queues/default/bull/mail"
BAR = "With the ticked queues"


def failures(company: Company, queue: str, number: int) -> None:
    company.queue(queue)
    with company.redis.pipeline() as write:
        for index in range(number):
            Company(write).failed(queue, f"f{index}", finishedOn=now())
        write.execute()


def left(company: Company, queue: str = "mail") -> int:
    return int(company.redis.zcard(f"bull:{queue}:failed"))


def tick(page: Page, *queues: str) -> None:
    for queue in queues:
        page.get_by_role("checkbox", name=f"Tick {queue}", exact=True).check()


def test_ticked_queues_are_retried_after_a_question_and_the_page_follows(visitor: Visitor, company: Company) -> None:
    failures(company, "mail", 30)
    failures(company, "video", 20)
    visitor.wait_for_queues(2)
    page = visitor.open()
    expect(page.get_by_role("group", name=BAR)).to_be_hidden()
    tick(page, "mail", "video")
    expect(page.get_by_role("group", name=BAR)).to_contain_text("2 queues ticked")
    page.get_by_role("group", name=BAR).get_by_role("button", name="Retry failed").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Retry 50 failed jobs of 2 queues?")
    expect(dialog.get_by_role("row", name="video")).to_contain_text("20")
    expect(page.get_by_role("link", name="Cancel")).to_be_focused()
    assert left(company) == 30
    dialog.get_by_role("button", name="Retry", exact=True).click()
    page.wait_for_url("**/operations/*")
    expect(page.locator("#head .pill")).to_have_text("done")
    expect(page.locator("#head")).to_contain_text("50 of 50 jobs")
    assert (left(company), left(company, "video")) == (0, 0)


def test_above_a_thousand_jobs_the_name_must_be_typed(visitor: Visitor, company: Company) -> None:
    failures(company, "mail", 1_001)
    page = visitor.open(f"{OF_MAIL}?state=failed")
    page.get_by_role("button", name="Remove all").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Remove 1,001 failed jobs of mail?")
    expect(dialog).to_contain_text("For 30 minutes it can be undone, as far as there is room")
    dialog.get_by_role("textbox", name="Type mail").fill("male")
    dialog.get_by_role("button", name="Remove").click()
    expect(page.locator("#notice")).to_contain_text("Nothing was begun: type mail")
    assert left(company) == 1_001
    page.get_by_role("textbox", name="Type mail").fill("mail")
    page.get_by_role("button", name="Remove").click()
    expect(page.locator("#head .pill")).to_have_text("done")
    assert left(company) == 0


def test_ticks_stay_while_the_numbers_move(visitor: Visitor, company: Company) -> None:
    failures(company, "mail", 1)
    page = visitor.open()
    tick(page, "mail")
    company.job("mail", "1", "waiting")
    expect(page.locator("tbody .c-backlog")).to_have_text("1")
    expect(page.get_by_role("checkbox", name="Tick mail")).to_be_checked()
    expect(page.get_by_role("group", name=BAR)).to_contain_text("1 queue ticked")


def test_a_group_is_paused_by_a_pattern_without_scripts(visitor: Visitor, company: Company) -> None:
    for name in ("mail", "mail-retry", "video"):
        company.queue(name)
        company.job(name, "1", "waiting")
    visitor.wait_for_queues(3)
    page = visitor.open(java_script_enabled=False)
    page.get_by_text("Act on a group").click()
    page.get_by_role("textbox", name="Queues by name").fill("mail*")
    page.locator("details.group").get_by_role("button", name="Pause", exact=True).click()
    assert "Pause 2 queues?" in page.locator("#question").inner_text()
    page.get_by_role("button", name="Pause", exact=True).click()
    until(lambda: company.paused("mail") and company.paused("mail-retry"))
    assert not company.paused("video")
    page.get_by_role("link", name="Operations").first.click()
    assert "Pause queues like mail*" in page.locator("#past").inner_text()


def test_data_are_edited_with_a_look_at_what_changes_without_scripts(visitor: Visitor, company: Company) -> None:
    visitor.expected = "400"
    failures(company, "mail", 1)
    visitor.wait_for_queues(1)
    page = visitor.open(f"{OF_MAIL}/jobs/f0", java_script_enabled=False)
    page.get_by_role("link", name="Edit data").click()
    page.locator("textarea").fill('{"to": "eve", "n": 1.10,}')
    page.get_by_role("button", name="Show what changes").click()
    assert "no JSON at line 1, column 25" in page.get_by_role("alert").inner_text()
    page.locator("textarea").fill('{"to": "eve", "n": 1.10}')
    page.get_by_role("button", name="Show what changes").click()
    assert '+ {"to": "eve", "n": 1.10}' in page.locator(".difference").inner_text()
    page.get_by_role("button", name="Save").click()
    assert company.redis.hget("bull:mail:f0", "data") == b'{"to":"eve","n":1.10}'


def test_a_job_is_added_and_its_page_opens(visitor: Visitor, company: Company) -> None:
    company.queue("mail")
    page = visitor.open(OF_MAIL)
    page.get_by_role("link", name="Add job").click()
    page.get_by_label("Name", exact=True).fill("welcome")
    page.get_by_label("Data, as JSON").fill('{"to": "ada"}')
    page.get_by_label("Job id").fill("mine")
    page.get_by_role("button", name="Add the job").click()
    expect(page.locator("#notice")).to_contain_text("was added")
    expect(page.get_by_role("heading", level=1)).to_have_text("welcome")
    assert company.states("mail", "mine") == {"waiting"}


def test_a_delay_is_changed_and_an_active_job_is_removed_by_force(visitor: Visitor, company: Company) -> None:
    company.queue("mail")
    company.delayed("mail", "d", now() + 3_600_000)
    company.job("mail", "a", "active", processedOn=now())
    page = visitor.open(f"{OF_MAIL}/jobs/d/change")
    page.get_by_label("From now").fill("3")
    page.get_by_role("combobox", name="Unit").select_option("h")
    page.get_by_role("group", name="Delay").get_by_role("button", name="Change").click()
    expect(page.locator(".standing")).to_contain_text("in 2 h")
    page.goto(f"{visitor.dashboard.url}{OF_MAIL}/jobs/a/change")
    page.get_by_role("button", name="Remove by force").click()
    expect(page.get_by_role("dialog")).to_contain_text("What stands against it:")
    page.get_by_role("dialog").get_by_role("button", name="Remove by force").click()
    expect(page.locator("#notice.is-done")).to_be_visible()
    assert company.states("mail", "a") == set()
