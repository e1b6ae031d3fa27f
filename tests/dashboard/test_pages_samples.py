"""What is in a state of a queue, as its page tells it."""

from __future__ import annotations

from urllib.parse import quote

from dashboard.urls import queue_page
from tests.dashboard.browsing import BASE, Page, browser, page
from tests.dashboard.fixed_herd import MAIL, small_company
from tests.dashboard.fixed_samples import FixedSamples

PATH = queue_page(BASE, MAIL).removeprefix(BASE) + "/samples"


def shown(query: str, more: int = 0) -> Page:
    herd = small_company()
    assert isinstance(herd.samples, FixedSamples)
    herd.samples.more = more
    return page(browser(herd), PATH + query)


def test_each_part_has_its_share_and_opens_its_jobs() -> None:
    seen = shown("?state=completed", more=98)
    assert "about 100" in seen.row("send")
    assert "random sample of 2 of 100 jobs" in seen.words
    link = next(a for a in seen.all("a", _class="open"))
    assert link.attributes["href"].endswith(f"?state=completed&q={quote('name:', safe='')}%22send%22")


def test_all_that_were_counted_are_exact() -> None:
    seen = shown("?state=completed")
    assert "All 2 jobs were counted." in seen.words
    assert "about" not in seen.row("send")


def test_by_time_a_part_is_a_span() -> None:
    assert "2023-11-14 22:13:20 to 23:13:19" in shown("?state=completed&by=added").words


def test_a_state_without_jobs_says_so_and_what_cannot_be_counted_by_is_told() -> None:
    assert "No prioritized job." in shown("?state=prioritized").words
    assert "cannot be counted by 'nope'" in shown("?state=completed&by=nope").words


def test_a_redis_that_is_away_leaves_the_page_up() -> None:
    herd = small_company(down=("default",))
    assert "cannot be reached" in page(browser(herd), f"{PATH}?state=failed").words
