"""The pages of events: which they show, how one pauses and goes back, and what they say of what they cannot show."""

from __future__ import annotations

import re

import pytest

from core.events.happening import Happening
from core.model import QueueId
from core.text import text
from tests.dashboard.browsing import BASE, Page, browser, each_anew, page, stream_of
from tests.dashboard.fixed_feed import FixedFeed
from tests.dashboard.fixed_herd import MAIL, VIDEO, FixedHerd, now, small_company

OF_MAIL = "/queues/default/bull/mail/events"


def without_events() -> FixedHerd:
    herd = small_company()
    herd.feed = FixedFeed()
    return herd


def company(*events: str, queue: QueueId = MAIL, **told: bytes) -> FixedHerd:
    herd = without_events()
    tell(herd, *events, queue=queue, **told)
    return herd


def tell(herd: FixedHerd, *events: str, queue: QueueId = MAIL, **told: bytes) -> None:
    assert isinstance(herd.feed, FixedFeed)
    for number, event in enumerate(events):
        said = {name.encode(): raw for name, raw in told.items()}
        herd.feed.tell(Happening(queue, now(), event, str(number), "send", said))


def kinds(shown: Page) -> list[str]:
    return re.findall(r'class="c-kind"><span class="pill [^"]*">([^<]*)<', shown.html)


def test_the_newest_event_stands_first_with_where_it_happened_and_to_what() -> None:
    shown = page(browser(company("added", "active")), "/events")
    assert kinds(shown) == ["active", "added"]
    assert shown.row("added").split()[1:] == ["added", "mail", "0", "send"]
    assert any(link.attributes["href"] == f"{BASE}/queues/default/bull/mail/jobs/1" for link in shown.all("a"))


def test_what_an_event_says_stands_beside_it() -> None:
    assert "ECONNRESET" in page(browser(company("failed", failedReason=b"ECONNRESET")), "/events").row("failed")
    assert "62.5" in page(browser(company("progress", data=b"62.5")), "/events").row("62.5")
    assert "from delayed" in page(browser(company("waiting", prev=b"delayed")), "/events").row("waiting")
    assert "due in 1 min" in page(browser(company("delayed", delay=b"%d" % (now() + 100_000))), "/events").row(
        "delayed"
    )


def test_a_queues_page_shows_its_own_events_and_needs_no_column_for_it() -> None:
    herd = company("failed")
    tell(herd, "stalled", queue=VIDEO)
    shown = page(browser(herd), OF_MAIL)
    assert kinds(shown) == ["failed"]
    assert not shown.all("th", class_="c-queue")
    assert browser(herd).get(f"{BASE}/queues/default/bull/nowhere/events").status_code == 404


def test_events_are_chosen_in_the_url() -> None:
    herd = company("added", "failed", "stalled")
    tell(herd, "failed", queue=VIDEO)
    client = browser(herd)
    assert kinds(page(client, "/events?kind=failed&kind=stalled&queue=ma*")) == ["stalled", "failed"]
    assert kinds(page(client, "/events?job=2")) == ["stalled"]
    assert kinds(page(client, "/events?name=other&kind=nonsense")) == []
    chosen = page(client, "/events?kind=failed").all("input", name="kind")
    assert [each.attributes["value"] for each in chosen if "checked" in each.attributes] == ["failed"]


def test_a_paused_page_stays_as_it_is_and_counts_what_came_since(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.shared.Shared.get", each_anew)
    herd = company("added")
    client = browser(herd)
    live = page(client, "/events")
    pause = next(link.attributes["href"] for link in live.all("a") if "upto=" in link.attributes["href"])
    paused = page(client, f"/events{pause}")
    tell(herd, "active", "completed")

    news = client.get(stream_of(paused)).text
    assert "2 events since" in Page(news).words
    assert 'id="feed"' not in news
    assert kinds(page(client, f"/events{pause}")) == ["added"]
    news = client.get(stream_of(live)).text
    assert kinds(Page(news)) == ["completed", "active", "added"]


def test_older_events_are_a_link_away_without_scripts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dashboard.pages.events.SHOWN", 3)
    client = browser(company(*(f"kind-{n}" for n in range(8))))
    shown, found = page(client, "/events"), list[str]()
    while True:
        found += kinds(shown)
        older = shown.all("a", rel="next")
        if not older:
            break
        shown = page(client, f"/events{older[0].attributes['href']}")
    assert found == [f"kind-{n}" for n in reversed(range(8))]
    assert "Older ones are not kept here." in shown.words


def test_the_page_says_what_was_dropped_and_what_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.feed.ring.MOST", 2)
    herd = company("added", "active", "completed")
    assert isinstance(herd.feed, FixedFeed)
    herd.feed.notes = ("Redis default refuses some of it.",)
    words = page(browser(herd), "/events").words
    assert "3 events in all queues, of which the oldest 1 are dropped" in words
    assert "Redis default refuses some of it." in words


def test_before_anything_has_happened_the_page_says_what_it_would_show() -> None:
    assert "Nothing has happened yet." in page(browser(without_events()), "/events").words
    assert "No such event so far." in page(browser(company("added")), "/events?kind=failed").words


@pytest.mark.parametrize("upto", ["x", "1", "1.x", "9" * 30 + ".1", "-1.-1", "1.5.6", "nan.1"])
def test_a_made_up_place_does_no_harm(upto: str) -> None:
    page(browser(company("added")), f"/events?upto={upto}")


def test_hostile_events_stay_text() -> None:
    herd = without_events()
    words = '"><script>alert(1)</script>\u202e' + text(b"\xff")
    assert isinstance(herd.feed, FixedFeed)
    herd.feed.tell(Happening(MAIL, now(), words, words, words, {b"data": words.encode("utf-8", "surrogateescape")}))
    herd.feed.tell(Happening(MAIL, 10**40, "delayed", "1", None, {b"delay": b"9" * 400}))
    shown = page(browser(herd), "/events")
    assert len(shown.all("script")) == len(page(browser(without_events()), "/events").all("script"))
    assert "\u202e" not in shown.html
