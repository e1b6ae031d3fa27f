"""What slipped into a page could do nothing there: no script runs, and htmx heeds no attribute of it."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

import pytest
import redis as redis_py
from playwright.sync_api import Error, Page, Request, Route, expect

from core.text import raw_bytes
from tests.dashboard.access_matrix import doors, the_app
from tests.dashboard.hostile import TEXTS, in_redis
from tests.dashboard.hostile_rooms import MIX
from tests.system.company import Company, now
from tests.system.conftest import Visitor, until

OF_MAIL = "/queues/default/bull/mail"
SLIPPED_IN = """
<b hx-get="/slipped" hx-trigger="load">1</b><b data-hx-get="/slipped" data-hx-trigger="load">2</b>
<form hx-post="/slipped" hx-trigger="load"></form><b hx-sse:connect="/slipped">3</b>
<b hx-on:load="fetch('/slipped')">4</b>
<a hx-boost="true" href="/slipped" id="boosted">5</a><b hx-trigger="every 100ms" hx-delete="/slipped">6</b>
<img src="/slipped.png" onerror="fetch('/slipped')"><script>fetch("/slipped")</script>
<script src="/slipped.js"></script><script type="module" src="/slipped.js"></script>
<link rel="stylesheet" href="/slipped.css"><iframe srcdoc="<script>fetch('/slipped')</script>"></iframe>
"""

# What runs where there is no policy at all is not ours to stop; what htmx would do is.
INERT = re.sub(r"<(img|iframe|link|script).*\n?", "", SLIPPED_IN)


def asked_for(page: Page) -> list[str]:
    """Requests that only what slipped in could have made, and that left; an image is one that the policy allows."""
    found: list[str] = []

    def note(request: Request) -> None:
        if "slipped" in request.url and request.resource_type != "image":
            found.append(f"{request.method} {request.url}")

    def stopped(request: Request) -> None:
        if request.failure == "csp":
            found.remove(f"{request.method} {request.url}")

    page.on("request", note)
    page.on("requestfailed", stopped)
    return found


PUT_IN = "html => { document.querySelector('main').insertAdjacentHTML('beforeend', html) }"
# The policy would keep most of it from being put in at all: what is tried is what holds where a proxy drops it.
NO_POLICY = {"bypass_csp": True}


def with_it(route: Route) -> None:
    answer = route.fetch()
    route.fulfill(response=answer, body=answer.text().replace("<main", SLIPPED_IN + "<main", 1))


@pytest.fixture
def of_a_job(visitor: Visitor, company: Company) -> str:
    visitor.expected = "Content Security Policy|404"
    company.queue("mail")
    return f"{OF_MAIL}/jobs/{company.job('mail', '1', 'active', processedOn=now(), progress=1)}"


def goes_on(page: Page, company: Company) -> None:
    """The stream has brought what happened after all of it."""
    company.progress("mail", "1", 99)
    expect(page.locator("progress")).to_have_attribute("value", "99.0")


def test_markup_in_a_page_as_it_was_sent_makes_no_request(visitor: Visitor, company: Company, of_a_job: str) -> None:
    page = visitor.open(of_a_job)
    found = asked_for(page)
    page.route("**/jobs/1", with_it)
    page.reload()
    expect(page.get_by_text("6", exact=True)).to_be_visible()
    goes_on(page, company)
    assert found == []


def test_markup_that_was_put_in_later_makes_no_request(visitor: Visitor, company: Company, of_a_job: str) -> None:
    page = visitor.open(of_a_job, **NO_POLICY)
    found = asked_for(page)
    page.evaluate(PUT_IN, INERT)
    page.evaluate("htmx.process(document.body)")
    expect(page.get_by_text("6", exact=True)).to_be_visible()
    goes_on(page, company)
    assert found == []


def test_markup_in_a_fragment_makes_no_request(visitor: Visitor, company: Company, of_a_job: str) -> None:
    page = visitor.open(of_a_job)
    found = asked_for(page)
    # The stream morphs it away again within a second, so whether it was there is asked at once.
    swap = """async text => {
        const target = document.querySelector("#head");
        await htmx.swap({text, target, swap: "innerMorph"});
        return [...target.querySelectorAll("*")].some(element => element.textContent.trim() === "6");
    }"""
    assert page.evaluate(swap, f"<div>{SLIPPED_IN}</div>")
    goes_on(page, company)
    assert found == []


def test_where_a_page_had_lost_its_mark_htmx_still_asks_for_nothing_but_the_stream(
    visitor: Visitor, company: Company, of_a_job: str
) -> None:
    visitor.expected = "evaluate no text|404"
    page = visitor.open(of_a_job, **NO_POLICY)
    expect(page.locator("html[data-live=stream]")).to_have_count(1)
    found = asked_for(page)
    page.evaluate("document.documentElement.removeAttribute('hx-ignore')")
    page.evaluate(PUT_IN, INERT)
    page.evaluate("htmx.process(document.querySelector('main'))")
    goes_on(page, company)
    assert found == []


def test_no_text_becomes_markup_but_through_our_one_policy(visitor: Visitor, of_a_job: str) -> None:
    visitor.expected = "Trusted|Content Security Policy"
    page = visitor.open(of_a_job)
    for attempt in (
        "document.body.innerHTML = '<b>x</b>'",
        "document.body.insertAdjacentHTML('beforeend', '<b>x</b>')",
        "new DOMParser().parseFromString('<b>x</b>', 'text/html')",
        "document.createElement('script').src = '/slipped.js'",
        "document.createElement('script').text = 'x'",
        "trustedTypes.createPolicy('mine', {createHTML: text => text})",
        "trustedTypes.createPolicy('tickbird', {createHTML: text => text})",
        "setTimeout('x')",
    ):
        with pytest.raises(Error, match="TypeError"):
            page.evaluate(f"() => {{ {attempt} }}")


def test_the_stream_goes_on_beside_it(visitor: Visitor, company: Company, of_a_job: str) -> None:
    page = visitor.open(of_a_job, **NO_POLICY)
    page.evaluate(PUT_IN, INERT)
    goes_on(page, company)


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


# Where a browser says which part of the policy was broken, and by what.
TELLING = """
window.broken = [];
addEventListener("securitypolicyviolation", event => broken.push(`${event.violatedDirective} ${event.sample}`));
"""


def test_no_page_breaks_the_policy_however_hostile_its_texts(visitor: Visitor, redis: redis_py.Redis) -> None:
    """One page of each kind that links lead to, with the console silent (the fixture looks at it)."""
    visitor.expected = "404|409"
    write(redis, MIX)
    page = visitor.open()
    expect(page.locator("#queues tbody tr")).to_have_count(1)
    page.context.add_init_script(TELLING)
    kinds = [door.path for door in doors(the_app()) if door.method == "GET" and "/api/" not in door.path]
    patterns = {kind: re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(kind))) for kind in kinds}
    ahead, seen = [page.url], dict[str, str]()
    while ahead:
        address = ahead.pop()
        path = urlsplit(address).path
        kind = next((kind for kind, pattern in patterns.items() if pattern.fullmatch(path)), None)
        if kind is None or kind in seen or kind.endswith(".ndjson"):
            continue
        seen[kind] = address
        page.goto(address, wait_until="load")
        page.evaluate("document.fonts.ready")
        assert page.evaluate("window.broken") == [], address
        assert page.locator("img, iframe, object, embed, svg script").count() == 0
        ahead += page.evaluate("[...document.querySelectorAll('a[href]:not([download])')].map(link => link.href)")
    assert len(seen) > 20, sorted(seen)
