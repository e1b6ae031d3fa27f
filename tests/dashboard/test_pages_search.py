"""Searching the jobs of a queue from its page: what fits, how far it looked, and what is wrong with a query."""

from __future__ import annotations

import re
from urllib.parse import quote

from core.model import QueueId, State
from dashboard.urls import queue_page
from tests.dashboard.browsing import BASE, Page, browser, page, stream_of
from tests.dashboard.fixed_herd import FixedHerd, job, payload, queue

MAIL = QueueId("default", "bull", "mail")
PATH = queue_page(BASE, MAIL).removeprefix(BASE)


def company(jobs: int = 3) -> FixedHerd:
    made = [
        job(MAIL, str(n), name=f"send-{n % 2}", data=payload(f'{{"user":{n}}}', value={"user": n}, is_json=True))
        for n in range(jobs)
    ]
    return FixedHerd((queue("mail"),), made)


def searched(said: str, herd: FixedHerd | None = None, more: str = "") -> Page:
    return page(browser(herd or company()), f"{PATH}?state=waiting&q={quote(said)}{more}")


def box(shown: Page) -> str:
    """What stands in the queue's own box; the one at the top of every page searches all queues."""
    _, own = shown.all("input", name="q", type="search")
    return str(own.attributes["value"])


def ids(shown: Page) -> list[str]:
    return re.findall(r'class="open mono"[^>]*>([^<]*)<', shown.html)


def test_only_the_jobs_that_fit_are_listed_and_the_box_keeps_the_words() -> None:
    shown = searched("data.user:1")
    assert ids(shown) == ["1"]
    assert box(shown) == "data.user:1"
    assert "1 found. Searched 3 of 3 jobs." in shown.words


def test_a_query_that_cannot_be_read_says_why_and_keeps_the_words() -> None:
    shown = searched("nmae:x")
    assert "There is no field 'nmae' (at character 1)" in shown.words
    assert "Did you mean 'name'?" in shown.words
    assert box(shown) == "nmae:x"


def test_when_nothing_fits_the_page_says_how_far_it_looked() -> None:
    shown = searched("nowhere")
    assert "Nothing found." in shown.words
    assert "Searched 3 of 3 jobs." in shown.words
    assert any(link.attributes["href"].endswith("?state=waiting") for link in shown.all("a"))


def test_what_was_found_goes_on_over_pages_and_keeps_its_words() -> None:
    shown = searched("name:send-*", company(60), "&size=25")
    link = next(link for link in shown.all("a", rel="next"))
    assert "q=name%3Asend-%2A" in link.attributes["href"]
    assert len(ids(page(browser(company(60)), link.attributes["href"].removeprefix(BASE)))) == 25


def test_what_was_found_is_not_searched_again_every_second_and_stays() -> None:
    herd = company()
    client = browser(herd)
    shown = page(client, f"{PATH}?state=waiting&q={quote('data.user:1')}")
    herd.contents = [*herd.contents, job(MAIL, "1b", data=payload("", value={"user": 1}, is_json=True))]
    news = client.get(re.sub(r"since=.*", "since=", stream_of(shown))).text
    assert "1b" not in news
    assert "hx-partial" in news


def test_what_is_wrong_with_a_query_stays_on_the_page_that_follows_live() -> None:
    client = browser(company())
    shown = page(client, f"{PATH}?state=waiting&q={quote('nmae:x')}")
    news = client.get(re.sub(r"since=.*", "since=", stream_of(shown))).text
    assert "no field 'nmae'" in Page(news).words


def test_only_states_are_searched_that_are_shown() -> None:
    herd = company()
    herd.contents = [*herd.contents, job(MAIL, "f", State.FAILED, data=payload("", value={"user": 1}, is_json=True))]
    assert ids(searched("data.user:1", herd)) == ["1"]
