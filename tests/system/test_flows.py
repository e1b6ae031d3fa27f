"""The pages of flows in a real browser: readable by all, nothing runs sideways, and what is removed is asked about."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.system.company import Company, now
from tests.system.conftest import Visitor
from tests.system.test_accessible import violations

FLOW = "/queues/default/bull/mail/jobs/top/flow"


@pytest.fixture
def flow(company: Company) -> Company:
    """A parent that waits for a failed, a delayed and a very long-named child."""
    company.queue("mail")
    company.job("mail", "top", "waiting-children", name="report")
    company.redis.zadd("bull:mail:waiting-children", {"top": now()})
    parent: dict[str, Any] = {
        "parentKey": "bull:mail:top",
        "parent": json.dumps({"id": "top", "queueKey": "bull:mail"}),
    }
    company.failed("mail", "broken", **parent)
    company.delayed("mail", "later", now() + 60_000, **parent)
    company.job("mail", "x" * 200, "waiting", **parent)
    for job_id in ("broken", "later", "x" * 200):
        company.redis.sadd("bull:mail:top:dependencies", f"bull:mail:{job_id}")
    return company


@pytest.mark.parametrize(("scheme", "width"), [("light", 1400), ("dark", 390)])
def test_everybody_can_read_them_and_nothing_runs_sideways(
    visitor: Visitor, flow: Company, scheme: str, width: int
) -> None:
    visitor.wait_for_queues(1)
    for path in ("/flows", FLOW):
        page = visitor.open(path, color_scheme=scheme, viewport={"width": width, "height": 844})
        assert violations(page) == []
        wide = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
        assert not wide, path


def test_what_failed_is_retried_and_the_page_follows(visitor: Visitor, flow: Company) -> None:
    visitor.wait_for_queues(1)
    page = visitor.open(FLOW)
    expect(page.locator("#holding")).to_contain_text("has failed")
    page.get_by_role("button", name="Retry what failed").click()
    expect(page.locator("#notice")).to_contain_text("1 failed job was retried.")
    expect(page.locator("#holding")).not_to_contain_text("has failed")


def test_a_flow_is_removed_only_after_a_question_that_says_what_goes(visitor: Visitor, flow: Company) -> None:
    visitor.wait_for_queues(1)
    page = visitor.open(FLOW)
    page.get_by_role("button", name="Remove the flow").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("4 jobs would go")
    assert flow.redis.exists("bull:mail:top")
    dialog.get_by_role("button", name="Remove 4 jobs").click()
    expect(page.locator("#notice")).to_contain_text("The flow is gone: 4 jobs were removed.")
    assert not flow.redis.exists("bull:mail:top")
