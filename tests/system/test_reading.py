"""Reading: by keyboard and by thumb, in the dark, and without any of what is loud."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.system.company import Company, now
from tests.system.conftest import Visitor

OF_MAIL = "/queues/default/bull/mail"
TELEPHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


def busy(company: Company) -> None:
    for name in ("mail", "image-processing-with-quite-a-long-name-for-a-telephone"):
        company.queue(name)
    for number in range(5):
        company.failed("mail", f"f{number}", failedReason="connect ETIMEDOUT 10.0.0.4:443 " * 9)
        company.job("mail", f"w{number}" + "x" * 120, "waiting")
    company.job("mail", "a", "active", processedOn=now(), progress=33.33)


def test_the_theme_is_a_choice_that_is_remembered(visitor: Visitor, company: Company) -> None:
    company.queue("mail")
    page = visitor.open(color_scheme="light")
    ground = "getComputedStyle(document.documentElement).backgroundColor"
    light = page.evaluate(ground)
    page.get_by_role("button", name="Light or dark").click()
    dark = page.evaluate(ground)
    assert dark != light
    page.reload()
    assert page.evaluate(ground) == dark
    page.get_by_role("button", name="Light or dark").click()
    assert page.evaluate(ground) == light


def test_without_a_choice_the_system_chooses(visitor: Visitor, company: Company) -> None:
    ground = "getComputedStyle(document.documentElement).backgroundColor"
    grounds = {scheme: visitor.open(color_scheme=scheme).evaluate(ground) for scheme in ("light", "dark")}
    assert grounds["light"] != grounds["dark"]


def test_keys_lead_through_the_rows(visitor: Visitor, company: Company) -> None:
    busy(company)
    page = visitor.open(f"{OF_MAIL}?state=failed")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.locator("[data-ticked]")).to_have_text("1 job ticked")
    page.keyboard.press("k")
    focused = page.evaluate("document.activeElement.textContent")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/jobs/{focused}")
    page.keyboard.press("g")
    page.keyboard.press("q")
    page.wait_for_url(visitor.dashboard.url)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("next row, previous row")
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox", name="Filter queues")).to_be_focused()
    page.keyboard.type("jx?")
    expect(page.get_by_role("searchbox", name="Filter queues")).to_have_value("jx?")


def test_a_job_is_opened_by_its_id(visitor: Visitor, company: Company) -> None:
    busy(company)
    page = visitor.open(OF_MAIL)
    page.locator("[data-complete]").fill("f3")
    page.keyboard.press("Enter")
    page.wait_for_url("**/mail/jobs/f3")
    expect(page.locator(".job-id")).to_have_text("f3")


def test_data_are_copied_as_they_are_shown(visitor: Visitor, company: Company) -> None:
    company.queue("mail")
    company.failed("mail", "f0", data={"to": "ada@example.com"})
    page = visitor.open(f"{OF_MAIL}/jobs/f0", permissions=["clipboard-read", "clipboard-write"])
    page.locator("#data").get_by_role("button", name="Copy").click()
    assert page.evaluate("navigator.clipboard.readText()") == '{"to": "ada@example.com"}'


def test_times_are_in_the_zone_of_the_reader(visitor: Visitor, company: Company) -> None:
    company.queue("mail")
    company.failed("mail", "f0", timestamp=1_700_000_000_000)
    page = visitor.open(f"{OF_MAIL}/jobs/f0", timezone_id="Asia/Kathmandu")
    added = page.locator(".moment").first.locator("time").first
    expect(added).to_have_text("03:58:20")
    added.hover()
    expect(added).to_have_attribute("title", re.compile("Nov 15, 2023"))


@pytest.mark.parametrize("path", ["", f"{OF_MAIL}?state=failed", f"{OF_MAIL}?state=waiting", f"{OF_MAIL}/jobs/f0"])
def test_nothing_scrolls_sideways_at_any_width(visitor: Visitor, company: Company, path: str) -> None:
    busy(company)
    page = visitor.open(path)
    for width in (320, 390, 768, 900, 1024, 1280, 3840):
        page.set_viewport_size({"width": width, "height": 844})
        assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("path", ["", f"{OF_MAIL}?state=failed", f"{OF_MAIL}/jobs/f0"])
def test_on_a_telephone_what_is_tapped_is_as_large_as_a_thumb(visitor: Visitor, company: Company, path: str) -> None:
    busy(company)
    page = visitor.open(path, **TELEPHONE)
    small = page.evaluate(
        """() => [...document.querySelectorAll(".button, .icon, .tab, .select, .field input, .c-tick label")]
        .filter((e) => e.checkVisibility())
        .map((e) => [e.className || e.tagName, e.textContent, e.getBoundingClientRect()])
        .filter(([, , box]) => box.height < 44 || box.width < 44)
        .map(([name, text, box]) => `${name} ${text.trim()} ${box.width}x${box.height}`)"""
    )
    assert small == []


def test_a_row_is_one_line_of_36_to_40_pixels(visitor: Visitor, company: Company) -> None:
    busy(company)
    visitor.wait_for_queues(2)
    page = visitor.open()
    heights = page.eval_on_selector_all("tbody tr", "rows => rows.map((row) => row.getBoundingClientRect().height)")
    assert heights
    assert all(36 <= height <= 40 for height in heights)
    page = visitor.open(f"{OF_MAIL}?state=failed")
    heights = page.eval_on_selector_all(".jobs tbody tr", "rows => rows.map((r) => r.getBoundingClientRect().height)")
    assert all(36 <= height <= 40 for height in heights)
