"""Bulk work in the browser: previewed on a page of its own, begun with the right words, watched, held and ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from starlette.testclient import TestClient

from core.model import State
from core.operations.operation import Operation, Target
from core.settings import Settings
from tests.dashboard.browsing import BASE, Page, browser, page, stream_of
from tests.dashboard.fixed_herd import MAIL, VIDEO, FixedHerd, small_company
from tests.dashboard.fixed_operations import LIVE, FixedOperations

OF_MAIL = f"{BASE}/queues/default/bull/mail"
OF_VIDEO = f"{BASE}/queues/default/bull/video"
OF_LIVE = f"{BASE}/operations/{LIVE}"
RETRY: dict[str, Any] = {"action": "retry", "state": "failed", "queue": OF_MAIL}


def asked(client: TestClient, form: Mapping[str, object]) -> Page:
    """The page of the preview that this form leads to."""
    response = client.post(f"{BASE}/operations", data=dict(form))
    assert response.status_code == 303, response.text
    return Page(client.get(response.headers["location"]).text)


def newest(herd: FixedHerd) -> Operation:
    return herd.operations.list()[0]


def of_size(herd: FixedHerd, *targets: Target) -> str:
    """The address of a preview that has these targets."""
    assert isinstance(herd.operations, FixedOperations)
    herd.operations.put(replace(newest(herd), id=LIVE, targets=targets))
    return OF_LIVE


def test_the_list_has_what_is_under_way_with_how_far_it_is_and_by_whom() -> None:
    shown = page(browser(small_company()), "/operations")
    row = shown.row("Retry failed jobs of mail")
    assert "they were down running 50 %" in row
    assert "495 of at most 1,000 jobs" in row
    assert "5 left alone 812/s" in row
    assert "ada" in row


def test_the_page_of_one_says_what_it_costs_and_what_was_left_alone_and_why() -> None:
    words = page(browser(small_company()), f"/operations/{LIVE}").words
    assert "812 jobs a second" in words
    assert "5 scripts, of 100 jobs at most the longest kept Redis busy for 2.8 ms" in words
    assert "they were down" in words
    assert "3 locked 2 gone" in words
    assert "A worker holds job x/1 ~% of mail: it would run twice." in words
    assert "It is Pro." in words


def test_a_job_that_was_left_alone_is_linked() -> None:
    assert page(browser(small_company()), f"/operations/{LIVE}").one("a", href=f"{OF_MAIL}/jobs/x~11%20~0%25")


def test_its_result_is_a_link_to_json() -> None:
    client = browser(small_company())
    link = page(client, f"/operations/{LIVE}").one("a", href=f"{BASE}/api/operations/{LIVE}")
    assert client.get(link.attributes["href"]).json()["id"] == LIVE


def test_it_is_held_goes_on_and_is_ended_from_its_page() -> None:
    herd = small_company()
    client = browser(herd)
    for noun, status in (("pauses", "paused"), ("resumptions", "running"), ("cancellations", "cancelled")):
        assert client.post(f"{OF_LIVE}/{noun}").headers["location"] == OF_LIVE
        assert herd.operations.get(LIVE).status == status
    assert Page(client.get(OF_LIVE).text).all("form", method="post") == []


def test_nothing_begins_before_the_question_is_answered() -> None:
    herd = small_company()
    client = browser(herd)
    shown = asked(client, {**RETRY, "age": "5", "unit": "d", "limit": "10", "reason": "they were down"})
    assert "Retry 1 failed job of mail?" in shown.words
    assert "Jobs younger than 5 d stay. No more than 10 jobs of each queue." in shown.words
    assert "Reason: they were down" in shown.words
    assert shown.one("a", href=f"{OF_MAIL}?state=failed", class_="button")
    assert (newest(herd).status, newest(herd).request.options.grace) == ("previewed", 5 * 86_400_000)

    begin = next(e for e in shown.all("form", method="post") if "beginnings" in e.attributes["action"])
    assert client.post(begin.attributes["action"]).status_code == 303
    assert newest(herd).status == "running"


def test_how_far_a_removal_can_be_undone_is_said() -> None:
    for form in (
        {"action": "clean", "state": "completed"},
        {"action": "drain"},
        {"action": "remove", "state": "failed"},
    ):
        assert "For 30 minutes it can be undone" in asked(browser(small_company()), {**form, "queue": OF_MAIL}).words


def test_draining_says_before_whether_delayed_jobs_go_too() -> None:
    herd = small_company()
    assert "Delayed jobs stay." in asked(browser(herd), {"action": "drain", "queue": OF_MAIL}).words
    assert "Delayed jobs go too." in asked(browser(herd), {"action": "drain", "queue": OF_MAIL, "delayed": "yes"}).words
    assert newest(herd).request.options.delayed


def test_refused_queues_are_named_with_the_reason() -> None:
    herd = small_company()
    client = browser(herd)
    asked(client, RETRY)
    refused = Target(VIDEO, State.FAILED, 0, exact=True, refusal="It is Pro: Tickbird only reads it.")
    shown = Page(client.get(of_size(herd, *newest(herd).targets, refused)).text)
    assert "It is Pro: Tickbird only reads it." in shown.row("video")


def test_above_a_thousand_jobs_the_queues_name_must_be_typed() -> None:
    herd = small_company()
    client = browser(herd)
    asked(client, RETRY)
    address = of_size(herd, Target(MAIL, State.FAILED, 1_001, exact=True))
    assert "Type mail to show that you mean it" in Page(client.get(address).text).words
    for typed in ("", "Mail", "video"):
        refused = client.post(f"{address}/beginnings", data={"typed": typed})
        assert "Nothing was begun: type mail" in Page(client.get(refused.headers["location"]).text).words
        assert herd.operations.get(LIVE).status == "previewed"
    client.post(f"{address}/beginnings", data={"typed": " mail "})
    assert herd.operations.get(LIVE).status == "running"


def test_for_several_queues_their_number_must_be_typed() -> None:
    herd = small_company()
    client = browser(herd)
    asked(client, {**RETRY, "queue": [OF_MAIL, OF_VIDEO]})
    address = of_size(herd, Target(MAIL, State.FAILED, 900, exact=True), Target(VIDEO, State.FAILED, 900, exact=True))
    assert "Type 2 queues to show" in Page(client.get(address).text).words
    client.post(f"{address}/beginnings", data={"typed": "2 queues"})
    assert herd.operations.get(LIVE).status == "running"


def test_where_there_is_nothing_to_do_nothing_is_offered() -> None:
    herd = small_company()
    client = browser(herd)
    asked(client, RETRY)
    shown = Page(client.get(of_size(herd, Target(MAIL, State.FAILED, 0, exact=True))).text)
    assert "There is nothing to do." in shown.words
    assert shown.all("form", method="post") == []


def test_ticked_queues_are_taken_together() -> None:
    herd = small_company()
    asked(browser(herd), {"action": "pause", "queue": [OF_MAIL, OF_VIDEO, OF_MAIL]})
    assert newest(herd).request.queues == (MAIL, VIDEO)


def test_a_pattern_takes_the_queues_that_it_names_and_a_star_all() -> None:
    herd = small_company()
    client = browser(herd)
    asked(client, {"action": "pause", "names": "m*"})
    assert (newest(herd).request.queues, newest(herd).request.matching) == (None, "m*")
    shown = asked(client, {"action": "resume", "names": " * "})
    assert (newest(herd).request.queues, newest(herd).request.matching) == (None, "")
    assert "Resume mail?" in shown.words


def test_the_fields_of_other_actions_in_the_same_form_mean_nothing() -> None:
    herd = small_company()
    form = {
        "action": "pause",
        "queue": OF_MAIL,
        "age": "7",
        "unit": "d",
        "keep": "9",
        "cleaned": "failed",
        "delayed": "yes",
    }
    asked(browser(herd), form)
    assert newest(herd).request.options.given == ()
    asked(browser(herd), {**form, "action": "clean"})
    assert newest(herd).request.state is State.FAILED


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"action": "frobnicate", "queue": OF_MAIL}, "'frobnicate' is nothing that can be done in bulk."),
        ({"queue": OF_MAIL}, "is nothing that can be done in bulk."),
        ({"action": "pause"}, "No queue was chosen"),
        ({**RETRY, "state": "nowhere"}, "'nowhere' is no state."),
        ({**RETRY, "state": "waiting"}, "retry is nothing for waiting jobs."),
        ({**RETRY, "limit": "many"}, "The limit is a whole number, not 'many'."),
        ({**RETRY, "age": "-1"}, "The age is a whole number"),
    ],
)
def test_what_makes_no_sense_is_a_sentence_on_the_page_that_one_comes_from(form: Mapping[str, str], words: str) -> None:
    herd = small_company()
    client = browser(herd)
    response = client.post(f"{BASE}/operations", data=dict(form))
    assert response.status_code == 303
    assert words in Page(client.get(response.headers["location"]).text).words
    assert herd.operations.list() == (herd.operations.get(LIVE),)


def test_an_address_that_is_no_queues_is_refused() -> None:
    for address in ("https://evil.example/x", f"{BASE}/queues/a/b", f"{BASE}/queues/a/b/c/d", "~z"):
        response = browser(small_company()).post(f"{BASE}/operations", data={"action": "pause", "queue": address})
        assert response.status_code == 400


def test_a_read_only_tickbird_shows_operations_and_offers_none() -> None:
    herd = small_company(settings=Settings(read_only=True))
    client = browser(herd)
    for path in ("/operations", f"/operations/{LIVE}"):
        assert page(client, path).all("form", method="post") == []
    for path in ("", "/queues/default/bull/mail?state=failed"):
        assert page(client, path).all("button", name="action") == []
    response = client.post(f"{BASE}/operations", data=RETRY)
    assert "read-only" in Page(client.get(response.headers["location"]).text).words


def test_an_operation_that_is_forgotten_is_not_found() -> None:
    client = browser(small_company())
    assert client.get(f"{BASE}/operations/nosuch").status_code == 404
    assert client.post(f"{BASE}/operations/nosuch/pauses").status_code == 303
    assert client.post(f"{BASE}/operations/nosuch/beginnings").status_code == 404


def test_the_page_follows_what_happens() -> None:
    herd = small_company()
    client = browser(herd)
    stream = stream_of(page(client, f"/operations/{LIVE}"))
    herd.operations.pause(LIVE)
    news = Page(client.get(stream).text)
    assert news.one("hx-partial", id="head")
    assert "paused" in news.words
    assert "Go on" in news.words


def test_a_page_outlives_the_record_of_its_operation() -> None:
    herd = small_company()
    client = browser(herd)
    stream = stream_of(page(client, f"/operations/{LIVE}"))
    herd.operations = FixedOperations(herd.settings)
    gone = stream.replace(LIVE, "nosuch")
    assert client.get(gone).status_code == 200
    assert Page(client.get(gone).text).all("hx-partial", id="head") == []


def test_the_list_follows_what_happens() -> None:
    herd = small_company()
    client = browser(herd)
    stream = stream_of(page(client, "/operations"))
    herd.operations.cancel(LIVE)
    news = Page(client.get(stream).text)
    assert "cancelled" in news.words
    assert news.one("hx-partial", id="past")


def test_all_jobs_of_a_state_have_their_own_buttons() -> None:
    shown = page(browser(small_company()), "/queues/default/bull/mail?state=failed")
    assert [e.attributes["value"] for e in shown.all("button", name="action")] == ["retry", "remove"]
    assert "all 1: Retry all… Remove all… Clean…" in shown.words
    assert "Promote all…" in page(browser(small_company()), "/queues/default/bull/mail?state=delayed").words
    active = page(browser(small_company()), "/queues/default/bull/mail?state=active")
    assert active.all("button", name="action") == []
