"""A walk through the whole house where everything says hostile words: every link, every form, every route."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from urllib.parse import urljoin, urlsplit

import pytest
from starlette.testclient import TestClient

from core.text import printable
from dashboard.api.calls import CALLS
from dashboard.urls import encode_part, encode_query, failure_page, queue_page
from tests.dashboard.access_matrix import doors, the_app
from tests.dashboard.browsing import BASE, ORIGIN, Page, application
from tests.dashboard.hostile_rooms import HEADER, MIX, hostile_house
from tests.dashboard.test_pages_hostile import check

# Who is there, as a proxy may say it in a header.
NAME = "\"><img src=x onerror=alert(1)>'{{7*7}}javascript:__proto__"
# What a walk does not come to: streams without end, files, the door itself, and what carries no text of Redis.
APART = {f"{BASE}/live", f"{BASE}/static/{{checksum}}/{{path:path}}", f"{BASE}/", "/", "/robots.txt"}
MARKUP = ("text/html",)
OTHERS = {
    "application/json",
    "application/problem+json",
    "application/x-ndjson",
    "text/csv",
    "text/event-stream",
    "text/plain",
}


class Walk:
    """Asks for every address that one page or another names, once for each path and choice of parameters."""

    def __init__(self, words: str) -> None:
        self.herd = hostile_house(words)
        options = {"base_url": ORIGIN, "client": ("127.0.0.1", 4711), "follow_redirects": False}
        said = {"accept": "text/html", "sec-fetch-site": "same-origin", HEADER: NAME}
        self.client = TestClient(application(self.herd), headers=said, **options)  # type: ignore[arg-type]
        self.seen: dict[tuple[str, str], str] = {}

    def go(self, *starts: str) -> None:
        ahead = list(starts)
        while ahead:
            address = ahead.pop()
            parts = urlsplit(address)
            key = (parts.path, re.sub(r"=[^&]*", "", parts.query))
            if key in self.seen or parts.path in APART or "/static/" in parts.path:
                continue
            self.seen[key] = address
            ahead += [urljoin(address, link) for link in self.look(address)]

    def look(self, address: str) -> list[str]:
        """What is there holds, and where it leads."""
        answer = self.client.get(address)
        assert answer.status_code in (200, 302, 303, 400, 404, 409), (address[:300], answer.status_code)
        kind = answer.headers.get("content-type", "text/plain").partition(";")[0]
        assert kind in (*MARKUP, *OTHERS), (address[:300], kind)
        assert answer.headers["x-content-type-options"] == "nosniff"
        for name, value in answer.headers.items():
            assert not re.search(r"[<>\"'{}]", value) or name in QUOTING, (address[:300], name, value)
        named = answer.headers.get("content-disposition", 'attachment; filename="x"')
        assert re.fullmatch(r'attachment; filename="[A-Za-z0-9._-]+"', named), (address[:300], named)
        if "location" in answer.headers:
            assert answer.headers["location"].startswith(BASE)
            return [answer.headers["location"]]
        if kind not in MARKUP:
            return []
        check(answer.text)
        return list(links(Page(answer.text)))


QUOTING = {"content-security-policy", "content-disposition"}


def links(page: Page) -> Iterator[str]:
    """Every address on the page that is asked for by GET, and the fragments that keep it up to date."""
    for element in page.elements:
        if element.tag == "a":
            yield element.attributes.get("href", "#")
        if element.tag == "form" and element.attributes.get("method", "get") == "get":
            yield element.attributes.get("action", "#")
        if "data-fragments" in element.attributes:
            yield re.sub(r"since=.*", "since=", element.attributes["data-fragments"])


@cache
def walked() -> Walk:
    """The walk from the front door and from what is linked only once something has happened."""
    walk = Walk(MIX)
    herd = walk.herd
    starts = [BASE, *(f"{BASE}/search?search={id}" for id in herd.searches.held)]  # type: ignore[attr-defined]
    starts += [f"{BASE}/operations/{operation.id}" for operation in herd.operations.list()]
    starts += [failure_page(BASE, "0" * 16), f"{BASE}/queues/{'/'.join([encode_part('nowhere')] * 3)}"]
    queue, job = herd.queues[0].id, herd.contents[0].row.id
    starts += [f"{queue_page(BASE, queue)}/jobs?{encode_query({'id': job})}"]
    walk.go(*starts)
    return walk


def test_wherever_one_goes_text_stays_text() -> None:
    assert len(walked().seen) > 60


def test_the_walk_comes_to_every_page_there_is() -> None:
    paths = {path for path, _ in walked().seen}
    pages = {door.path for door in doors(the_app()) if door.method == "GET" and "/api/" not in door.path}
    missed = [page for page in sorted(pages - APART) if not any(_pattern(page).fullmatch(path) for path in paths)]
    assert [page for page in missed if not page.startswith(f"{BASE}/login")] == []


def test_the_api_says_it_as_json_and_as_nothing_else() -> None:
    walk = walked()
    herd = walk.herd
    queue, job = herd.queues[0].id, herd.contents[0].row.id
    values = {"instance": queue.instance, "prefix": queue.prefix, "name": queue.name, "job_id": job}
    values |= {"operation_id": herd.operations.list()[0].id, "search_id": "done", "removal_id": "known"}
    values |= {"scheduler_key": herd.schedulers.rows[0].head.key}  # type: ignore[attr-defined]
    for call in CALLS:
        if call.method != "GET":
            continue
        path = re.sub(r"{(\w+)}", lambda part: encode_part(values.get(part[1], MIX[:40])), call.path)
        asked = {p.name: p.schema.get("enum", [MIX.encode("utf-8", "replace")])[0] for p in call.parameters}
        answer = walk.client.get(f"{BASE}/api{path}", params=asked | {"follow": "false", "format": "json"})
        kind = answer.headers["content-type"].partition(";")[0]
        assert kind in ("application/json", "application/problem+json", "application/x-ndjson"), (call.path, kind)
        assert answer.status_code < 500, (call.path, answer.text[:300])
        assert answer.headers["x-content-type-options"] == "nosniff"
        for line in answer.text.splitlines() if kind == "application/x-ndjson" else [answer.text]:
            json.loads(line)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_is_asked_for_is_echoed_as_text(method: str) -> None:
    """By path, by query, by form and by header, of every route, whether or not there is such a thing."""
    client = walked().client
    said = MIX.encode("utf-8", "replace")
    for door in doors(the_app()):
        if door.method != method or door.path in APART or "/api/" in door.path or "{checksum}" in door.path:
            continue
        path = re.sub(r"{\w+(:\w+)?}", lambda _: encode_part(MIX[:60]), door.path)
        names = (
            "q",
            "filter",
            "state",
            "cursor",
            "field",
            "by",
            "from",
            "name",
            "within",
            "at",
            "rows",
            "queue",
            "who",
        )
        given = dict.fromkeys((*names, "order", "kinds", "job", "verb", "ended", "next", "typed", "show", "sort"), said)
        odd = {"accept-language": NAME, "referer": f"{ORIGIN}/{NAME}", "user-agent": NAME, "last-event-id": NAME}
        if method == "GET":
            answer = client.get(path, params=given, headers=odd)
        else:
            answer = client.post(path, data=given, headers=odd)
        assert answer.status_code < 500, (door.path, answer.text[:300])
        if answer.headers.get("content-type", "").startswith(MARKUP):
            check(answer.text)
        assert "7*7" in answer.text or "49" not in re.findall(r">\s*(\d+)\s*<", answer.text)


def test_the_person_is_shown_by_name_and_as_text() -> None:
    shown = Page(walked().client.get(BASE).text)
    assert printable(NAME)[:40] in shown.words


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path)))
