"""The overview: rows, order, filter, tabs, totals, and what it says when there is nothing to show."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from core.access.accounts import Grant, User
from core.model import Health, Instants, Queue, State, Traffic, Verdict
from core.redis_settings import RedisSettings
from core.settings import Settings
from core.snapshot import Reading
from tests.dashboard.browsing import BASE, Page, browser, page
from tests.dashboard.fixed_herd import FixedHerd, now, queue, small_company
from tests.dashboard.served import cheap_hash


def calm(name: str, waiting: int = 0, **rest: Any) -> Queue:
    return queue(name, counts={**dict.fromkeys(State, 0), State.WAITING: waiting}, verdict=verdict(Health.IDLE), **rest)


def verdict(health: Health, why: str = "") -> Verdict:
    return Verdict(health, why, needs_attention=bool(why))


def company() -> FixedHerd:
    return FixedHerd(
        (
            calm("billing", 3),
            replace(calm("mail", 12_408), verdict=verdict(Health.UNATTENDED, "12,408 jobs wait and nobody comes.")),
            replace(calm("video", 1), paused=True, verdict=verdict(Health.PAUSED)),
            replace(calm("zip", 7), verdict=verdict(Health.FAILING, "7 jobs failed in the last hour.")),
        )
    )


def order(shown: Page) -> list[str]:
    return [Page(name).words for name in re.findall(r'<a class="open"[^>]*>[^<]*', shown.html)]


def test_a_row_says_how_the_queue_stands_and_why() -> None:
    row = page(browser(company()), "").row("mail")
    assert row.startswith("mail bullmq 6.7 nobody consuming 12,408")
    assert "12,408 jobs wait and nobody comes." in row


def test_trouble_comes_first() -> None:
    assert order(page(browser(company()), "")) == ["mail", "zip", "video", "billing"]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("?sort=name", ["billing", "mail", "video", "zip"]),
        ("?sort=name&dir=desc", ["zip", "video", "mail", "billing"]),
        ("?sort=backlog", ["mail", "zip", "billing", "video"]),
        ("?sort=backlog&dir=asc", ["video", "billing", "zip", "mail"]),
        ("?sort=nonsense&dir=nonsense", ["mail", "zip", "video", "billing"]),
        ("?show=attention", ["mail", "zip"]),
        ("?show=paused", ["video"]),
        ("?filter=IL", ["mail", "billing"]),
        ("?filter=bullmq+6", ["mail", "zip", "video", "billing"]),
    ],
)
def test_every_view_is_an_address(query: str, names: list[str]) -> None:
    assert order(page(browser(company()), query)) == names


def test_queues_of_which_a_value_is_not_known_come_last_in_both_directions() -> None:
    herd = company()
    herd.queues = (
        *herd.queues,
        replace(calm("old"), instants=Instants(oldest_waiting=now() - 60_000)),
        replace(calm("older"), instants=Instants(oldest_waiting=now() - 90_000)),
    )
    assert order(page(browser(herd), "?sort=oldest"))[:2] == ["older", "old"]
    assert order(page(browser(herd), "?sort=oldest&dir=asc"))[:2] == ["old", "older"]


def test_an_order_is_remembered_until_another_is_chosen() -> None:
    client = browser(company())
    page(client, "?sort=name&dir=desc")
    assert order(page(client, ""))[0] == "zip"
    page(client, "?sort=trouble")
    assert order(page(client, ""))[0] == "mail"


def test_the_tabs_count_what_they_show() -> None:
    words = page(browser(company()), "").words
    assert "Needs attention 2 All 4 Paused 1" in words


def test_the_totals_are_of_the_rows_that_are_shown() -> None:
    client = browser(company())
    assert page(client, "").row("4 queues").startswith("4 queues 12,419")
    assert page(client, "?filter=zip").row("1 queue match").startswith("1 queue match “zip” 7")


def test_a_count_opens_the_list_that_it_counts() -> None:
    herd = FixedHerd(
        (
            queue("mail", counts={State.WAITING: 0, State.PRIORITIZED: 5, State.FAILED: 2}),
            queue("legacy", counts={State.WAITING: 0, State.PAUSED: 5}),
        )
    )
    shown = page(browser(herd), "")
    addresses = {e.attributes["href"] for e in shown.all("a")}
    of_mail = f"{BASE}/queues/default/bull/mail"
    assert {f"{of_mail}?state=prioritized", f"{of_mail}?state=failed"} <= addresses
    assert f"{BASE}/queues/default/bull/legacy?state=paused" in addresses


def test_not_known_is_not_zero() -> None:
    herd = FixedHerd((queue("mail", traffic=Traffic(None, 0.0)),))
    html = page(browser(herd), "").html
    assert '<td class="c-in zero" title="not known">' in html
    assert '<td class="c-out zero">0</td>' in html


def test_where_a_queue_lives_is_said_where_it_does_not_go_without_saying() -> None:
    shown = page(browser(small_company()), "")
    assert shown.row("b:l/").startswith("b:l/ b · q bullmq 6.7")
    assert shown.row("mail").startswith("mail bullmq 6.7")


def test_pause_is_offered_in_the_row_unless_tickbird_is_read_only() -> None:
    assert 'aria-label="Pause mail"' in page(browser(small_company()), "").html
    shown = page(browser(small_company(settings=Settings(read_only=True))), "")
    assert 'aria-label="Pause mail"' not in shown.html
    assert "read-only" in shown.words


class Full(FixedHerd):
    """Its Redis evicts keys, and has."""

    def _reading(self, name: str) -> Reading:
        reading = super()._reading(name)
        assert reading.redis
        facts = replace(reading.redis, policy="allkeys-lru", evicted_keys=12, memory_used=3 << 30, memory_max=4 << 30)
        return replace(reading, redis=facts, refusals=("CLIENT LIST is refused, so workers are not known.",))


def test_a_line_says_how_each_redis_is_and_what_is_wrong_with_it() -> None:
    calm_words = page(browser(company()), "").words
    assert "default redis 7.4.1 11.4 MB used, no limit evicts nothing 9 connections 10 keys searched" in calm_words
    words = page(browser(Full(company().queues)), "").words
    assert "3.0 GB of 4.0 GB evicts keys when full (allkeys-lru): jobs can vanish, set noeviction" in words
    assert "CLIENT LIST is refused, so workers are not known." in words
    assert "Redis default has evicted 12 keys: jobs may be gone." in words


class Ahead(FixedHerd):
    """Its Redis has another time than Tickbird."""

    def _reading(self, name: str) -> Reading:
        reading = super()._reading(name)
        assert reading.redis
        return replace(reading, redis=replace(reading.redis, skew=3_600_000))


def test_that_the_clocks_differ_stands_on_every_page() -> None:
    said = "The clock of Redis default is 1 h ahead of Tickbird's"
    queues = company().queues
    assert said in page(browser(Ahead(queues)), "").words
    assert said in page(browser(Ahead(queues)), "/operations").words
    assert said not in page(browser(company()), "").words


def test_while_redis_is_away_the_last_reading_stays_and_says_so() -> None:
    herd = company()
    herd.down, herd.taken_at = ("default",), now() - 200_000
    shown = page(browser(herd), "")
    assert "default cannot be reached. Away for 3 min" in shown.words
    assert shown.row("mail").startswith("mail bullmq 6.7 stale 12,408")
    assert shown.all("tr", class_="stale")
    assert "data 3 min old" in shown.words
    assert 'aria-label="Pause mail"' not in shown.html


def test_before_the_first_reading_the_page_says_what_it_waits_for() -> None:
    waiting = FixedHerd(never=("default",))
    words = page(browser(waiting), "").words
    assert "Redis does not answer, so there is nothing to show yet." in words
    assert "not every Redis has been read yet" in words


def test_without_queues_the_page_says_what_would_be_here_and_what_helps() -> None:
    settings = Settings(redis=(RedisSettings("default", "redis://d", ("bull", "q")),))
    words = page(browser(FixedHerd(settings=settings)), "").words
    assert "There is no Bull or BullMQ queue in Redis yet." in words
    assert "looks for the prefixes bull , q ;" in words


def test_of_a_redis_that_is_not_for_somebody_the_prefixes_are_not_named() -> None:
    redis = (RedisSettings("default", "redis://d", ("bull",)), RedisSettings("vault", "redis://v", ("payroll",)))
    eve = User("eve", Grant("viewer", instances=("default",)), cheap_hash("secret"))
    asks = browser(FixedHerd(settings=Settings(redis=redis, users=(eve,))))
    asks.auth = ("eve", "secret")
    words = page(asks, "").words
    assert "looks for the prefix bull ;" in words
    assert "payroll" not in words


def test_a_filter_that_finds_nothing_leads_back() -> None:
    shown = page(browser(company()), "?filter=nothing-like-it")
    assert "No queue matches." in shown.words
    assert "Show all 4 queues" in shown.words
    assert "No queue is paused." in page(browser(FixedHerd((calm("a"),))), "?show=paused").words


def test_looking_at_a_page_is_noticed() -> None:
    herd = company()
    page(browser(herd), "")
    assert herd.glances == 1


def test_the_root_leads_to_the_base_path() -> None:
    client = browser(company())
    for path in ("/", f"{BASE}/"):
        response = client.get(path)
        assert (response.status_code, response.headers["location"]) == (302, BASE)


def test_a_thousand_queues_are_a_page_of_moderate_size() -> None:
    spark = tuple(float(i % 7) for i in range(30))
    queues = tuple(calm(f"queue-{i}", i, traffic=Traffic(1.0, 2.0, spark)) for i in range(1000))
    response = browser(FixedHerd(queues)).get(BASE, headers={"accept-encoding": "identity"})
    assert len(response.content) < 1_500_000
    assert response.text.count('<tr id="q') == 1000


def test_of_very_many_queues_a_part_is_shown_and_said_and_the_others_are_a_link_away() -> None:
    herd = FixedHerd(tuple(calm(f"queue-{i:04}", i) for i in range(2500)))
    client = browser(herd)
    path, seen = "?sort=name", list[str]()
    for first, last in ((1, 1000), (1001, 2000), (2001, 2500)):
        shown = page(client, path)
        assert f"{first:,} to {last:,} of 2,500 queues in this order." in shown.words
        assert "2,500 queues" in shown.row("2,500 queues")
        seen += order(shown)
        path = next((link.attributes["href"] for link in shown.all("a", rel="next")), "")
    assert seen == [f"queue-{i:04}" for i in range(2500)]
    assert path == ""
    assert order(page(client, "?filter=queue-2345")) == ["queue-2345"]
    assert order(page(client, "?sort=name&from=999999999"))[0] == "queue-0000"
