"""Large things stay small and usable: a thousand queues, jobs of a megabyte. How fast they are is a bench's to say."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page, expect

from tests.system.company import Company, now
from tests.system.conftest import Visitor

OF_MAIL = "/queues/default/bull/mail"


def html_bytes(page: Page) -> int:
    """The size of the last page's HTML, unpacked."""
    return int(page.evaluate("() => performance.getEntriesByType('navigation')[0].decodedBodySize"))


def test_a_page_of_a_hundred_failed_jobs_with_a_megabyte_each(visitor: Visitor, company: Company) -> None:
    company.queue("mail")
    data: dict[str, Any] = {"to": "ada@example.com", "body": "x" * 1_000_000}
    for number in range(100):
        company.failed("mail", f"8f3a22c1-4f0e-4f0e-9a1c-{number:012}", data=data)
    page = visitor.open(f"{OF_MAIL}?state=failed&size=100")
    page.reload()
    expect(page.locator(".jobs tbody tr")).to_have_count(100)
    assert html_bytes(page) < 300_000


def test_a_job_of_ten_megabytes_shows_its_beginning_and_says_so(visitor: Visitor, company: Company) -> None:
    company.queue("mail")
    company.failed("mail", "1", data={"body": "x" * 10_000_000})
    page = visitor.open(f"{OF_MAIL}/jobs/1")
    expect(page.get_by_text("Cut here: it is 9.5 MB in all.")).to_be_visible()
    page.reload()
    assert html_bytes(page) < 100_000


def test_a_thousand_queues_are_filtered_while_one_types(visitor: Visitor, company: Company) -> None:
    for number in range(1000):
        company.queue(f"queue-{number}")
    company.job("queue-777", "1", "active", processedOn=now())
    page = visitor.open()
    expect(page.get_by_role("link", name="All 1,000")).to_be_visible(timeout=60_000)
    page.reload()
    expect(page.locator("#queues tbody tr")).to_have_count(1000)
    page.get_by_role("searchbox", name="Filter queues").fill("queue-77")
    expect(page.locator("#queues tbody tr:visible")).to_have_count(11)
