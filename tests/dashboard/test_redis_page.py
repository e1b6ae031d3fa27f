"""The Redis page: what a person must know of each instance, and what is not known, in words."""

from __future__ import annotations

import re
from dataclasses import replace

from core.redis_health.trend import Slope
from dashboard.urls import queue_page
from tests.dashboard.browsing import BASE, Page, application, browser, page, stream_of
from tests.dashboard.fixed_herd import MAIL, FixedHerd, queue, small_company
from tests.dashboard.fixed_redis import MEGA, FixedRedis


def redis_of(herd: FixedHerd) -> FixedRedis:
    assert isinstance(herd.redis_health, FixedRedis)
    return herd.redis_health


def test_memory_safety_and_cost_are_told_of_every_instance() -> None:
    words = page(browser(small_company()), "/redis").words
    assert words.count("redis 7.4.1, master, up for") == 2
    assert "12.0 MB of 64.0 MB" in words
    assert "195 KB a minute over the last 1 h; full in 4 h 20 min at that slope" in words
    assert "refuses writes, evicts nothing" in words
    assert "9,300 commands a minute, 31.0 % of all; 2.1 µs each, so 19.5 ms of its time a minute (0.033 %)" in words
    assert "10.0.0.7:6379 online" in words
    assert "12.3 ms, EVALSHA bull:mail:" in words


def test_what_is_wrong_stands_first() -> None:
    herd = small_company()
    redis_of(herd).server = replace(redis_of(herd).server, policy="allkeys-lru", evicted=3, memory_used=60 * MEGA)
    words = page(browser(herd), "/redis").words
    assert "It has evicted 3 keys: jobs may be gone." in words
    assert "93 % of its memory limit is used." in words
    assert "At the present slope its memory is full in 4 h 20 min." in words


def test_queues_are_listed_by_what_they_hold_with_the_sample_said() -> None:
    herd = small_company()
    shown = page(browser(herd), "/redis")
    assert shown.row("video").startswith("video 4.0 MB")
    assert "from 4 of them" in shown.row("mail")
    assert "10,000 of about 1,000" in shown.row("mail")
    assert f"{queue_page(BASE, MAIL)}?state=completed" in {a.attributes["href"] for a in shown.all("a")}
    assert "mail: 48,112 completed jobs" in shown.words


def test_a_trend_that_is_not_known_yet_is_not_guessed() -> None:
    herd = small_company()
    redis_of(herd).slope, redis_of(herd).full_in = Slope(None, 10_000), None
    assert "not known yet: measured over a minute at least" in page(browser(herd), "/redis").words


def test_memory_without_a_limit_is_never_full() -> None:
    herd = small_company()
    redis_of(herd).server = replace(redis_of(herd).server, memory_max=None)
    redis_of(herd).full_in = None
    words = page(browser(herd), "/redis").words
    assert "12.0 MB, no limit (the host has 7.8 GB)" in words
    assert "without a limit it is never full" in words


def test_one_that_is_away_says_since_when_beside_the_others() -> None:
    herd = small_company(down=("b",))
    words = page(browser(herd), "/redis").words
    assert "Away for" in words
    assert "b cannot be reached." in words
    assert words.count("up for") == 1


def test_what_redis_does_not_say_is_not_known() -> None:
    herd = small_company()
    known = redis_of(herd).server
    redis_of(herd).server = replace(known, memory_used=None, policy=None, clients=None, memory_peak=None, uptime=None)
    assert page(browser(herd), "/redis").words.count("not known") >= 3


def test_the_page_lives_on() -> None:
    herd = FixedHerd((queue("mail"),))
    app = application(herd)
    client = browser(herd, app)
    shown = page(client, "/redis")
    redis_of(herd).server = replace(redis_of(herd).server, version="8.2.0")
    app.state.desk.shared.forget(lambda _: True)
    assert "redis 8.2.0" in Page(client.get(re.sub(r"since=.*", "since=", stream_of(shown))).text).words
