"""The page that searches all queues: what it found, how far it is, and the buttons that hold it and let it go on."""

from __future__ import annotations

import re
from dataclasses import replace
from urllib.parse import quote, unquote_plus

import pytest

from core.search.search import Status
from tests.dashboard.browsing import BASE, Page, browser, page, stream_of
from tests.dashboard.fixed_herd import FixedHerd, small_company
from tests.dashboard.fixed_searches import FULL, LIVE, FixedSearches, half_way


def ids(shown: Page) -> list[str]:
    return re.findall(r'class="open mono"[^>]*>([^<]*)<', shown.html)


def held(herd: FixedHerd) -> FixedSearches:
    assert isinstance(herd.searches, FixedSearches)
    return herd.searches


def test_without_words_the_page_explains_them() -> None:
    shown = page(browser(small_company()), "/search")
    assert "data.user.id:42" in shown.words
    assert "why it failed" in shown.words
    assert shown.one("input", name="q", type="search").attributes["type"] == "search"


def test_jobs_of_every_queue_and_state_are_found() -> None:
    shown = page(browser(small_company()), f"/search?q={quote('name:send')}")
    assert ids(shown) == ["1", "2", "3", "4", "5", "6", "v/1 ~%é"]
    assert "Searched 7 of 7 jobs · 7 found" in shown.words
    assert "video" in shown.row("v/1")
    assert shown.one("input", name="q", type="search").attributes["value"] == "name:send"


def test_words_that_are_no_query_say_where_and_keep_the_words() -> None:
    shown = page(browser(small_company()), f"/search?q={quote('nmae:x')}")
    assert "There is no field 'nmae' (at character 1)" in shown.words
    assert shown.one("input", name="q", type="search").attributes["value"] == "nmae:x"


def test_a_search_under_way_says_how_far_it_is_and_can_be_held_and_ended() -> None:
    herd = small_company()
    client = browser(herd)
    shown = page(client, f"/search?q=ECONNRESET&search={LIVE}")
    assert "Searched 120,000 of 1,000,000 jobs · 1 found · 29 s left" in shown.words
    answer = client.post(f"{BASE}/searches/{LIVE}/pauses")
    assert answer.status_code == 303
    assert held(herd).held[LIVE].status is Status.PAUSED
    shown = page(client, answer.headers["location"].removeprefix(BASE))
    assert "left" not in shown.words.split("found")[1][:20]
    client.post(f"{BASE}/searches/{LIVE}/resumptions")
    assert held(herd).held[LIVE].status is Status.RUNNING
    client.post(f"{BASE}/searches/{LIVE}/cancellations")
    assert held(herd).held[LIVE].status is Status.CANCELLED


def test_a_full_search_offers_to_go_on_behind_what_it_holds() -> None:
    client = browser(small_company())
    shown = page(client, f"/search?q=ECONNRESET&search={FULL}")
    assert "Search older" in shown.words
    answer = client.post(f"{BASE}/searches/{FULL}/continuations")
    assert f"{FULL}-older" in answer.headers["location"]
    refused = client.post(f"{BASE}/searches/{LIVE}/continuations")
    assert "has not found as many" in page(client, refused.headers["location"].removeprefix(BASE)).words


def test_who_watches_keeps_the_search_going_and_gets_what_it_finds() -> None:
    herd = small_company()
    client = browser(herd)
    shown = page(client, f"/search?q=ECONNRESET&search={LIVE}")
    before = held(herd).looks.count(LIVE)
    held(herd).held[LIVE] = half_way(status=Status.DONE)
    news = client.get(stream_of(shown)).text
    assert held(herd).looks.count(LIVE) > before
    assert 'id="standing"' in news
    assert "done" in Page(news).words


def test_what_was_found_goes_over_pages() -> None:
    herd = small_company()
    held(herd).held[LIVE] = replace(half_way(), hits=half_way().hits * 250)
    client = browser(herd)
    shown = page(client, f"/search?q=ECONNRESET&search={LIVE}")
    assert len(ids(shown)) == 100
    behind = shown.one("a", rel="next").attributes["href"]
    assert len(ids(page(client, behind.removeprefix(BASE)))) == 100
    assert "101 to 200 of 250 found" in page(client, behind.removeprefix(BASE)).words


@pytest.mark.parametrize("address", ["/search?q=a&search=nowhere", "/search?q=a&from=99999", "/search?q=a&from=-1"])
def test_what_makes_no_sense_in_an_address_is_as_it_usually_is(address: str) -> None:
    assert page(browser(small_company()), address)


def test_a_search_that_is_gone_is_not_found() -> None:
    assert browser(small_company()).post(f"{BASE}/searches/gone/pauses").status_code == 404


def test_its_box_offers_words_and_each_part_of_the_query_can_be_taken_away() -> None:
    client = browser(small_company())
    shown = page(client, f"/search?q={quote('name:send -reason:x')}")
    without = [unquote_plus(each.attributes["href"].partition("?q=")[2]) for each in shown.all("a", class_="chip")]
    assert without == ["-reason:x", "name:send"]
    words = client.get(shown.one("input", name="q", type="search").attributes["data-complete"]).json()
    offered = {each["word"]: each["values"] for each in words["words"]}
    assert {"mail", "video"} <= set(offered["queue"])
    assert "failed" in offered["state"]
