"""No text out of Redis becomes anything but text, on no page and in no fragment."""

from __future__ import annotations

import asyncio
import json
import re
from urllib.parse import urlencode

import pytest
from starlette.testclient import TestClient

from core.model import State
from core.text import printable
from dashboard.pages.editing import digest
from dashboard.scheduler_urls import scheduler_page
from dashboard.urls import encode_part, failure_page, job_page, operation_page, queue_page
from tests.dashboard.browsing import BASE, Page, browser, stream_of
from tests.dashboard.fixed_herd import FixedHerd
from tests.dashboard.fixed_schedulers import FixedSchedulers
from tests.dashboard.hostile import TEXTS, hostile

# Every element that our templates use.
ELEMENTS = re.compile(
    "a|b|body|button|caption|circle|code|dd|defs|del|details|dialog|div|dl|dt|fieldset|footer|form|h1|h2|head|header"
    "|html|i|input|ins|kbd|label|legend|li|link|main|meta|nav|ol|option|p|path|pattern|pre|progress|rect|script"
    "|section|select|small|span|strong|summary|svg|table|tbody|td|textarea|tfoot|th|thead|time|title|tr|ul|hx-partial"
)
# And every attribute that means something to htmx.
HTMX = {("html", "hx-ignore"), ("div", "hx-sse:connect"), ("span", "hx-morph-skip")}
ADDRESSES = ("href", "src", "action", "formaction")
UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c\ud800-\udfff]")


def check(html: str) -> None:
    page = Page(html)
    assert UNFIT.search(html) is None
    assert [element.tag for element in page.elements if not ELEMENTS.fullmatch(element.tag)] == []
    for element in page.elements:
        for name, value in element.attributes.items():
            assert re.fullmatch(r"[a-z][a-z0-9:-]*", name, re.IGNORECASE), (element.tag, name)
            assert not name.startswith("on")
            assert name != "style"
            assert not name.startswith("hx") or (element.tag, name) in HTMX or element.attributes == {"hx": ""}
            assert name not in ADDRESSES or re.match(rf"({BASE}([/?]|$)|[?#]|/metrics)", value), (name, value[:80])
    assert all(element.attributes["src"].startswith(f"{BASE}/static/") for element in page.all("script"))


def addresses(herd: FixedHerd) -> list[str]:
    """Every page of the company, and every question that it asks."""
    id = herd.queues[0].id
    of_queue = queue_page(BASE, id)
    lists = [f"{of_queue}?state={state}" for state in State]
    jobs = [job_page(BASE, id, job.row.id) for job in herd.contents if len(encode_part(job.row.id)) < 9000]
    filtered = f"{BASE}?show=attention&sort=name&filter={encode_part(id.name[:150])}"
    groups = [failure_page(BASE, how.fingerprint.key) for how in asyncio.run(herd.failures.look(0)).groups]
    groups += [f"{group}{rest}" for group in groups for rest in ("?within=1h", "/comparison")]
    rooms = [f"{of_queue}/{word}" for word in ("batches", "dead-letters", "deduplication", "add/several")]
    named = urlencode({"name": encode_part(herd.contents[0].row.name or ""), "example": "yes"})
    copied = urlencode({"from": encode_part(herd.contents[0].row.id)})
    rooms += [f"{of_queue}/add?{named}", f"{of_queue}/add?{copied}", f"{of_queue}/batches?field=data.x"]
    kept = herd.schedulers.rows if isinstance(herd.schedulers, FixedSchedulers) else []
    timed = [scheduler_page(BASE, id, row.head.key) for row in kept if len(encode_part(row.head.key)) < 9000]
    rooms += [f"{BASE}/schedulers", f"{of_queue}/schedulers", f"{of_queue}/new-scheduler", *timed]
    rooms += [f"{one}/edit" for one in timed]
    forms = [
        *rooms,
        f"{of_queue}/manage",
        f"{of_queue}/add",
        *(f"{job}/{form}" for job in jobs for form in ("data", "change", "flow")),
    ]
    feeds = [f"{BASE}/events", f"{of_queue}/events", f"{BASE}/views?from={of_queue}"]
    work = [operation_page(BASE, operation.id) for operation in herd.operations.list()]
    asked = urlencode({"queue": of_queue, "filter": id.name[:150].encode("utf-8", "replace")})
    people = [f"{BASE}/workers", f"{BASE}/workers?{asked}", f"{BASE}/redis"]
    said = urlencode({"q": f'"{id.name[:100]}" OR name:*'.encode("utf-8", "replace")})
    told = [
        f"{of_queue}/samples?{urlencode({'state': state, 'by': by})}"
        for state in ("waiting", "failed")
        for by in ("name", "data.x")
    ]
    found = [f"{BASE}/search", f"{BASE}/search?{said}", f"{BASE}/search?q=state:*", *told]
    return [
        *found,
        BASE,
        filtered,
        of_queue,
        *feeds,
        *people,
        *lists,
        *jobs,
        *forms,
        f"{BASE}/operations",
        *work,
        f"{BASE}/errors",
        *groups,
        f"{BASE}/flows?parts=yes",
    ]


def fetched(client: TestClient, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200, (address[:200], response.text[:2000])
    return response.text


@pytest.mark.parametrize("words", TEXTS, ids=lambda words: ascii(words[:20]))
def test_no_page_and_no_fragment_lets_a_text_become_anything_else(words: str) -> None:
    herd = hostile(words)
    client = browser(herd)
    for address in addresses(herd):
        html = fetched(client, address)
        check(html)
        assert len(html) < 600_000
        if Page(html).all("div", id="live"):
            check(fetched(client, re.sub(r"since=.*", "since=", stream_of(Page(html)))))


@pytest.mark.parametrize("words", TEXTS[:-1], ids=lambda words: ascii(words[:20]))
def test_no_question_and_no_refusal_does_either(words: str) -> None:
    herd = hostile(words)
    client = browser(herd)
    of_queue = queue_page(BASE, herd.queues[0].id)
    of_job = job_page(BASE, herd.queues[0].id, herd.contents[0].row.id)
    ticked = {"job": [encode_part(job.row.id) for job in herd.contents], "state": words.encode("utf-8", "replace")}
    for address, form in (
        (f"{of_queue}/pauses", {}),
        (f"{of_queue}/removals", ticked),
        (f"{of_queue}/retries", {**ticked, "job": "~"}),
        (f"{of_job}/flow-removals", {"rest": words.encode("utf-8", "replace")}),
        (f"{of_job}/child-removals", {}),
        (f"{of_job}/removals", {"order": words.encode("utf-8", "replace")}),
        (f"{of_job}/forced-removals", {"order": words.encode("utf-8", "replace")}),
        (f"{of_job}/edits", {"data": words.encode("utf-8", "replace")}),
        (f"{of_job}/edits", {"data": json.dumps(words), "seen": digest(herd.contents[0])}),
        (f"{of_job}/priorities", {"priority": words.encode("utf-8", "replace")}),
        (f"{of_queue}/additions", dict.fromkeys(("name", "data", "options"), words.encode("utf-8", "replace"))),
        (f"{of_queue}/additions-of-several", dict.fromkeys(("name", "jobs"), words.encode("utf-8", "replace"))),
        (f"{of_queue}/additions-of-several", {"jobs": json.dumps([{"name": words, "data": words}])}),
        (f"{of_queue}/dead-letters/returns", {"to": words.encode("utf-8", "replace")}),
        (f"{of_queue}/dead-letters/returns", {"which": "all", "name": words.encode("utf-8", "replace")}),
        (f"{of_queue}/dead-letters/returns", {**ticked, "keep": "yes"}),
        (f"{of_queue}/concurrency", {"concurrency": words.encode("utf-8", "replace")}),
        (f"{BASE}/operations", {"action": words.encode("utf-8", "replace"), "names": words.encode("utf-8", "replace")}),
        (f"{BASE}/operations", {"action": "pause", "queue": of_queue}),
        (f"{BASE}/operations/hostile-previewed/beginnings", {"typed": words.encode("utf-8", "replace")}),
    ):
        response = client.post(address, data=form)
        assert response.status_code in (200, 303, 400)
        check(response.text)
        check(fetched(client, of_queue))
    for nowhere in (f"{of_queue}x", f"{of_queue}?state=waiting&cursor={encode_part(words)}", f"{of_job}x"):
        response = client.get(nowhere)
        assert response.status_code in (400, 404)
        check(response.text)


def test_template_syntax_in_a_name_is_text() -> None:
    herd = hostile("{{1337*1337}}")
    shown = Page(fetched(browser(herd), queue_page(BASE, herd.queues[0].id)))
    assert "{{1337*1337}}" in shown.words
    assert "1787569" not in shown.words


def test_what_reorders_or_hides_text_is_made_visible() -> None:
    herd = hostile("a\u202eb\x00c")
    assert printable("a\u202eb\x00c") == "a\ufffdb\u2400c"
    assert "a\ufffdb\u2400c" in Page(fetched(browser(herd), BASE)).words
