"""What slipped into a page could do nothing there: no script runs, and htmx heeds no attribute of it."""

from __future__ import annotations

from typing import Any

import pytest
import redis as redis_py
from playwright.sync_api import Page, Request, expect

from core.text import raw_bytes
from tests.dashboard.hostile import TEXTS, in_redis
from tests.system.company import Company, now
from tests.system.conftest import Visitor, until

OF_MAIL = "/queues/default/bull/mail"
SLIPPED_IN = """
<b hx-get="/slipped" hx-trigger="load">1</b><b data-hx-get="/slipped" data-hx-trigger="load">2</b>
<form hx-post="/slipped" hx-trigger="load"></form><b hx-sse:connect="/slipped">3</b>
<b hx-on:load="fetch('/slipped')">4</b>
<a hx-boost="true" href="/slipped" id="boosted">5</a><b hx-trigger="every 100ms" hx-delete="/slipped">6</b>
<img src="/slipped.png" onerror="fetch('/slipped')"><script>fetch("/slipped")</script>
"""


def asked_for(page: Page) -> list[str]:
    """Requests that only what slipped in could have made; an image is one that the policy allows."""
    found: list[str] = []

    def note(request: Request) -> None:
        if "slipped" in request.url and request.resource_type != "image":
            found.append(f"{request.method} {request.url}")

    page.on("request", note)
    return found


@pytest.mark.parametrize("way", ["in the page as it was sent", "put into it later", "in a fragment"])
def test_markup_that_slipped_in_makes_no_request(visitor: Visitor, company: Company, way: str) -> None:
    visitor.expected = "Content Security Policy|404"
    company.queue("mail")
    company.job("mail", "1", "active", processedOn=now(), progress=1)
    page = visitor.open(f"{OF_MAIL}/jobs/1")
    found = asked_for(page)
    if way == "in the page as it was sent":
        with_it = page.content().replace("<main", SLIPPED_IN + "<main", 1)
        headers = {"content-security-policy": _policy(page), "content-type": "text/html"}
        page.route("**/jobs/1", lambda route: route.fulfill(body=with_it, headers=headers))
        page.reload()
    elif way == "put into it later":
        page.evaluate("html => { document.querySelector('main').insertAdjacentHTML('beforeend', html) }", SLIPPED_IN)
        page.evaluate("htmx.process(document.body)")
    else:
        # The stream morphs it away again within a second, so whether it was there is asked at once.
        swap = """async text => {
            const target = document.querySelector("#head");
            await htmx.swap({text, target, swap: "innerMorph"});
            return [...target.querySelectorAll("*")].some(element => element.textContent.trim() === "6");
        }"""
        assert page.evaluate(swap, f"<div>{SLIPPED_IN}</div>")
    if way != "in a fragment":
        expect(page.get_by_text("6", exact=True)).to_be_visible()
    company.progress("mail", "1", 99)
    expect(page.locator("html[data-live=stream]")).to_have_count(1)
    page.wait_for_timeout(500)
    assert found == []


def _policy(page: Page) -> str:
    response = page.request.get(page.url)
    return response.headers["content-security-policy"]


def test_the_stream_goes_on_beside_it(visitor: Visitor, company: Company) -> None:
    visitor.expected = "Content Security Policy|404"
    company.queue("mail")
    company.job("mail", "1", "active", processedOn=now(), progress=1)
    page = visitor.open(f"{OF_MAIL}/jobs/1")
    page.evaluate("html => { document.querySelector('main').insertAdjacentHTML('beforeend', html) }", SLIPPED_IN)
    company.progress("mail", "1", 99)
    expect(page.locator("progress")).to_have_attribute("value", "99.0")


def write(redis: redis_py.Redis, words: str) -> None:
    """A queue of that name, with a failed and an active job whose every text is that."""
    name = raw_bytes(in_redis(words[:200]))
    raw = words.encode("utf-8", "surrogatepass") if "\ud83d" in words else raw_bytes(words)
    base = b"bull:" + name + b":"
    redis.hset(base.decode("latin-1").encode("latin-1") + b"meta", mapping={"version": "bullmq:6.7.0"})
    redis.set(base + b"id", 9)
    redis.xadd(base + b"events", {"event": raw[:500], "jobId": raw[:500]})
    fields: dict[Any, Any] = {
        **dict.fromkeys(("name", "data", "opts", "failedReason", "returnvalue", "progress", "pb", "defa", "deid"), raw),
        **{
            "stacktrace": raw,
            "parent": raw[:2000],
            "parentKey": raw[:2000],
            "rjk": raw[:200],
            raw[:300] or b"x": raw[:300],
        },
        **dict.fromkeys(("timestamp", "processedOn", "finishedOn", "priority", "atm", "stc"), "9" * 400),
    }
    for state in (b"failed", b"completed", b"delayed"):
        redis.hset(base + state + name, mapping=fields)
        redis.zadd(base + state, {state + name: 1})
        redis.rpush(base + state + name + b":logs", raw[:9000], raw[:20])


@pytest.mark.parametrize("words", TEXTS, ids=lambda words: ascii(words[:20]))
def test_hostile_texts_in_a_real_redis_stay_texts_in_a_real_browser(
    visitor: Visitor, redis: redis_py.Redis, words: str
) -> None:
    write(redis, words)
    page = visitor.open()
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: dialogs.append(dialog.message))
    expect(page.locator("#queues tbody tr")).to_have_count(1)
    seen = [page.url]
    page.locator("#queues .open").click()
    for state in ("failed", "completed", "delayed"):
        page.get_by_role("navigation", name="Jobs by state").get_by_role("link", name=state).click()
        expect(page.locator(".jobs tbody tr")).to_have_count(1)
        page.locator(".jobs .open").click()
        expect(page.locator(".standing")).to_be_visible()
        seen.append(page.url)
        assert page.locator("img, iframe, object, embed, svg script").count() == 0
        page.go_back()
        page.wait_for_url("**state=**")
    until(lambda: page.evaluate("document.documentElement.dataset.live") == "stream")
    assert len(set(seen)) == 4
    assert dialogs == []
