"""Bulk work on what was found, in the browser: the query in words, what it covers, and what was signed."""

from __future__ import annotations

import json
from dataclasses import replace

from core.model import State
from core.operations.canary import Bird
from core.operations.operation import Status, Target
from tests.dashboard.browsing import BASE, Page, browser, page
from tests.dashboard.fixed_herd import MAIL, small_company
from tests.dashboard.fixed_operations import LIVE, FixedOperations
from tests.dashboard.test_pages_operations import OF_LIVE, OF_MAIL, RETRY, asked, newest, of_size


def test_all_that_fit_a_search_have_their_own_buttons_which_carry_it_on() -> None:
    herd = small_company()
    client = browser(herd)
    shown = page(client, "/queues/default/bull/mail?state=failed&q=reason%3AECONNRESET")
    assert {e.attributes["value"] for e in shown.all("input", type="hidden", name="q")} == {"reason:ECONNRESET"}
    assert "all that fit: Retry all… Remove all…" in shown.words
    asks = asked(client, {**RETRY, "q": "reason:ECONNRESET attempts:>3"})

    assert newest(herd).request.query == "reason:ECONNRESET attempts:>3"
    assert "Only jobs of which this is so: reason has ‹ECONNRESET› in it, and attempts is more than 3" in asks.words
    assert "it stops and asks where the count drifts by more than 10 %" in asks.words


def test_what_is_begun_is_what_was_signed() -> None:
    herd = small_company()
    client = browser(herd)
    shown = asked(client, {**RETRY, "q": "reason:ECONNRESET"})
    scope = shown.one("input", type="hidden", name="scope").attributes["value"]
    address = f"{BASE}/operations/{newest(herd).id}"
    for forged in ({}, {"scope": "another"}):
        refused = client.post(f"{address}/beginnings", data=forged)
        assert "This is not the scope" in Page(client.get(refused.headers["location"]).text).words
        assert newest(herd).status == "previewed"
    client.post(f"{address}/beginnings", data={"scope": scope, "reason": "it is mended"})

    assert newest(herd).status == "running"
    assert "begun or gone on" in Page(client.get(address).text).words
    assert newest(herd).told[-1].reason == "it is mended"


def test_a_count_that_is_not_all_says_what_it_covers() -> None:
    herd = small_company()
    client = browser(herd)
    asked(client, {**RETRY, "q": "reason:ECONNRESET"})
    target = Target(MAIL, State.FAILED, 412, exact=False, reach=212_340, looked=61_000, least=True)
    words = Page(client.get(of_size(herd, target)).text).words

    assert "Retry at least 412 failed jobs of mail?" in words
    assert "412 of the first 61,000 jobs looked at fit, in the time there was. It goes through all 212,340" in words
    assert "Type mail to show that you mean it" in words


def test_the_same_can_be_previewed_more_slowly_and_with_a_few_first() -> None:
    herd = small_company()
    client = browser(herd)
    shown = asked(client, {**RETRY, "q": "reason:ECONNRESET", "age": "5", "unit": "min"})
    again = next(form for form in shown.all("form") if form.attributes.get("action") == f"{BASE}/operations")
    assert again
    fields = {e.attributes["name"]: e.attributes["value"] for e in shown.all("input", type="hidden")}
    fields.pop("scope")
    words = asked(client, {**fields, "canary": "5", "rate": "100", "tolerance": "3"}).words

    options = newest(herd).request.options
    assert (options.canary, options.rate, options.tolerance, options.grace) == (5, 100, 3, 300_000)
    assert newest(herd).request.query == "reason:ECONNRESET"
    assert "5 jobs go first. The others follow only if those complete within 1 min." in words
    assert "No more than 100 jobs a second." in words


def test_what_stopped_by_itself_says_why_and_what_went_first() -> None:
    herd = small_company()
    assert isinstance(herd.operations, FixedOperations)
    birds = (Bird(MAIL, "x/1", "completed"), Bird(MAIL, "7", "failed", "<still> down"))
    stopped = replace(herd.operations.get(LIVE), status=Status.STOPPED, trouble="1 failed again.", birds=birds)
    herd.operations.put(stopped)
    shown = page(browser(herd), f"/operations/{LIVE}")

    assert "stopped" in shown.words
    assert "1 failed again." in shown.words
    assert "x/1 completed" in shown.words
    assert "7 failed <still> down" in shown.words
    assert shown.one("button", formaction=f"{OF_LIVE}/resumptions")


def test_everything_that_was_left_alone_is_a_file() -> None:
    response = browser(small_company()).get(f"{OF_LIVE}/skipped.ndjson")
    lines = [json.loads(line) for line in response.text.splitlines()]

    assert response.headers["content-disposition"].startswith("attachment")
    assert [line.get("id") for line in lines[:2]] == ["x/1 ~%", None]
    assert lines[2] == {"note": "3 more were counted, but there was no room to list them."}


def test_priorities_and_delays_are_changed_from_the_page_that_manages_a_queue() -> None:
    herd = small_company()
    client = browser(herd)
    shown = page(client, "/queues/default/bull/mail/manage")
    assert shown.one("input", name="priority")
    asked(client, {"action": "change-priority", "queue": OF_MAIL, "state": "prioritized", "priority": "3"})
    assert (newest(herd).request.options.priority, newest(herd).request.state) == (3, State.PRIORITIZED)
    words = asked(client, {"action": "change-delay", "queue": OF_MAIL, "delay": "10", "unit": "min"}).words
    assert newest(herd).request.options.delay == 600_000
    assert "The first is due 10 min after it begins." in words
