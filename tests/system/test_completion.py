"""The box of a queue's page in a real browser: words are offered as one writes, and taken by keyboard or click."""

from __future__ import annotations

import json
import re

import pytest
import redis as redis_py
from playwright.sync_api import Page, expect

from tests.core.layout import queue, waiting
from tests.system.conftest import Visitor

OF_MAIL = "/queues/default/bull/mail"


@pytest.fixture
def box(visitor: Visitor, redis: redis_py.Redis) -> Page:
    """The page of a queue whose jobs say something, with the box in focus."""
    base = queue(redis)
    waiting(redis, base, "1", "2", data=json.dumps({"to": "a b", "user": {"id": 42}}))
    waiting(redis, base, "3", name="invoice", data=json.dumps({"to": "c"}))
    page = visitor.open(f"{OF_MAIL}?state=waiting")
    page.locator("[data-complete]").focus()
    return page


def offered(page: Page) -> list[str]:
    return [text.split("\n")[0] for text in page.locator("[role=option]").all_inner_texts()]


def test_fields_and_their_values_are_offered_and_taken_by_the_keyboard(box: Page) -> None:
    field = box.locator("[data-complete]")
    box.keyboard.type("-da")
    expect(box.locator("[role=option]").first).to_be_visible()
    assert {"data:", "data.to:", "data.user.id:"} <= set(offered(box))
    box.keyboard.type("ta.t")
    expect(box.locator("[role=option]")).to_have_count(1)
    box.keyboard.press("ArrowDown")
    expect(field).to_have_attribute("aria-activedescendant", "offer-0")
    box.keyboard.press("Enter")
    expect(field).to_have_value("-data.to:")
    expect(box.locator("[role=option]")).to_have_text(["a b2 of 3 looked at", "c1 of 3 looked at"])
    box.keyboard.press("ArrowDown")
    box.keyboard.press("Tab")
    expect(field).to_have_value('-data.to:"a b" ')
    box.keyboard.press("Escape")
    expect(field).to_have_attribute("aria-expanded", "false")
    expect(field).to_be_focused()
    box.keyboard.press("Enter")
    expect(box.locator("tbody .open")).to_have_text(["3"])
    expect(box.locator(".chip .mono")).to_have_text(['-data.to:"a b"'])


def test_the_search_of_all_queues_offers_words_as_well(box: Page) -> None:
    box.get_by_role("link", name="Search", exact=True).click()
    box.locator("[data-complete]").focus()
    box.keyboard.type("queue:ma")
    expect(box.locator("[role=option]")).to_have_text(["mail"])
    box.keyboard.press("ArrowDown")
    box.keyboard.press("Enter")
    box.keyboard.type("name:inv")
    expect(box.locator("[role=option]")).to_have_text(["invoice1 of 3 looked at"])
    box.keyboard.press("ArrowDown")
    box.keyboard.press("Tab")
    box.keyboard.press("Escape")
    box.keyboard.press("Enter")
    expect(box.locator("tbody .open")).to_have_text(["3"])
    expect(box.locator(".chip .mono")).to_have_text(["queue:mail", "name:invoice"])


def test_a_word_is_taken_by_a_click_and_a_chip_takes_it_away(box: Page) -> None:
    box.keyboard.type("name:")
    box.locator("[role=option]", has_text="invoice").click()
    expect(box.locator("[data-complete]")).to_have_value("name:invoice ")
    box.keyboard.press("Enter")
    expect(box.locator("tbody .open")).to_have_text(["3"])
    box.locator(".chip").click()
    expect(box.locator("tbody .open")).to_have_count(3)


def test_an_id_leads_to_its_job_and_a_query_can_be_kept_under_a_name(box: Page) -> None:
    box.keyboard.type("3")
    box.keyboard.press("Enter")
    expect(box).to_have_url(re.compile("/jobs/3$"))
    box.go_back()
    box.locator("[data-complete]").fill("name:invoice")
    box.locator("[data-complete]").press("Enter")
    box.get_by_text("Save as a view").click()
    box.get_by_placeholder("its name").fill("Invoices")
    box.get_by_role("button", name="Save").click()
    expect(box.locator("#notice")).to_contain_text("Saved as 'Invoices'")
    box.get_by_text("Views", exact=True).click()
    expect(box.locator(".view[aria-current]")).to_contain_text("Invoices")
