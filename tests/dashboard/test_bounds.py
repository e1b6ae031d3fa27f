"""Whatever stands where a number is expected: pages, forms and streams answer, and with no more than a page."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.types import Message, Scope

from dashboard.forms import MOST_FIELDS
from dashboard.numbers import number
from tests.dashboard.access_matrix import BASE, doors, the_app
from tests.dashboard.browsing import application
from tests.dashboard.fixed_herd import small_company
from tests.dashboard.fixed_operations import LIVE

PLACE = {"instance": "default", "prefix": "bull", "name": "mail", "job_id": "3", "operation_id": LIVE}
DOORS = [door for door in doors(the_app()) if "/api/" not in door.path and "/static/" not in door.path]
PAGES = [door for door in DOORS if door.method == "GET" and not door.path.endswith("/live")]
FORMS = [door for door in DOORS if door.method == "POST" and not door.path.endswith(("/login", "/logout"))]
# Every name under which a page or a form reads a number, a size, a place in a list, or a span of time.
ASKED = (
    *("from", "size", "start", "logs", "limit", "count", "page", "depth", "cursor", "rows", "since", "within", "every"),
    *("sort", "dir", "order", "by", "state", "show", "days", "interval", "range", "at", "q", "filter", "kinds", "job"),
)
SENT = (
    *("priority", "delay", "unit", "concurrency", "max", "duration", "keep", "canary", "tolerance", "rate", "limit"),
    *(
        "grace",
        "every",
        "pattern",
        "tz",
        "attempts",
        "again",
        "offset",
        "data",
        "opts",
        "jobs",
        "ids",
        "names",
        "action",
    ),
    *("state", "queue", "job", "scope", "for", "line", "name", "q", "progress", "repeats", "typed", "confirmed"),
)
ODD = (
    *(
        "-1",
        "0",
        "1e9",
        "1000000000",
        "9" * 16,
        "9" * 5000,
        "NaN",
        "Infinity",
        "-0",
        "1.5",
        "0x10",
        "٣",
        "²",
        " 7 ",
        "",
    ),
    *("[1,2]", "{}", "null", "true", "\x00", "%00", "../..", "[" * 5000, '{"a":' * 500, "9007199254740993"),
)
# These stand under every name at once, too.
EVERYWHERE = ("-1", "1000000000", "NaN", "[1,2]", "9" * 1500)
odd = st.one_of(st.sampled_from(ODD), st.integers().map(str), st.floats().map(str), st.text(max_size=12))
LARGEST = 1_500_000
PIECE = 65_536
HEADERS = [
    (b"host", b"localhost"),
    (b"accept", b"text/html"),
    (b"sec-fetch-site", b"same-origin"),
    (b"content-type", b"application/x-www-form-urlencoded"),
]
CALM = settings(max_examples=6, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


class Asking:
    """Asks the application itself: no client in between has limits of its own."""

    def __init__(self, loop: asyncio.Runner) -> None:
        self._loop = loop
        self._app = application(small_company())

    def get(self, path: str, query: str) -> int:
        """The status; fails where more than a page comes back."""
        return self._loop.run(self._asked("GET", path, query, b""))

    def post(self, path: str, written: bytes) -> int:
        return self._loop.run(self._asked("POST", path, "", written))

    async def _asked(self, method: str, path: str, query: str, body: bytes) -> int:
        answered: list[Message] = []
        pieces = [body[at : at + PIECE] for at in range(0, len(body), PIECE)] or [b""]

        async def receive() -> Message:
            if not pieces:
                return {"type": "http.disconnect"}
            piece = pieces.pop(0)
            return {"type": "http.request", "body": piece, "more_body": bool(pieces)}

        async def send(message: Message) -> None:
            answered.append(message)

        scope: Scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": HEADERS,
            "scheme": "http",
            "client": ("127.0.0.1", 1),
            "server": ("localhost", 80),
        }
        await self._app(scope, receive, send)
        assert sum(len(message.get("body", b"")) for message in answered) < LARGEST
        status: int = answered[0]["status"]
        return status


@pytest.fixture(scope="module")
def http() -> Iterator[Asking]:
    with asyncio.Runner() as loop:
        yield Asking(loop)


def address(path: str) -> str:
    return re.sub(r"{(\w+)(:\w+)?}", lambda part: PLACE.get(part[1], "x"), path)


@pytest.mark.parametrize("path", sorted({door.path for door in PAGES}))
def test_a_page_bears_whatever_stands_in_its_address(http: Asking, path: str) -> None:
    @CALM
    @given(st.lists(st.tuples(st.sampled_from(ASKED), odd), max_size=4))
    def bears(asked: list[tuple[str, str]]) -> None:
        assert http.get(address(path), urlencode(asked, errors="surrogatepass")) < 500, asked

    for value in EVERYWHERE:
        assert http.get(address(path), urlencode(dict.fromkeys(ASKED, value), errors="surrogatepass")) < 500, value
    bears()


@pytest.mark.parametrize("path", sorted({door.path for door in FORMS}))
def test_a_form_bears_whatever_stands_in_its_fields(http: Asking, path: str) -> None:
    @CALM
    @given(st.dictionaries(st.sampled_from(SENT), odd, max_size=4))
    def bears(sent: dict[str, str]) -> None:
        assert http.post(address(path), urlencode(sent, errors="surrogatepass").encode()) < 500, sent

    for value in EVERYWHERE:
        written = urlencode(dict.fromkeys(SENT, value), errors="surrogatepass")
        assert http.post(address(path), written.encode()) < 500, value
    bears()


@pytest.mark.parametrize("path", sorted({door.path for door in FORMS}))
def test_a_form_is_read_no_further_than_a_browser_would_fill_it(http: Asking, path: str) -> None:
    assert http.post(address(path), b"&".join(b"x=1" for _ in range(100 * MOST_FIELDS))) in (303, 400, 404, 409, 413)
    assert http.post(address(path), b"x=" + b"y" * 20_000_000) in (303, 404, 409, 413)


@pytest.mark.parametrize(
    "path", ["", "/queues/default/bull/mail", "/search", "/fragments", "/live", "/api/queues", "/errors"]
)
def test_an_address_with_ten_thousand_parameters_is_no_fault(http: Asking, path: str) -> None:
    assert http.get(f"{BASE}{path}", "&".join(f"p{at}={at}" for at in range(10_000))) == 414
    assert http.get(f"{BASE}{path}", "&".join(f"{at}=" for at in range(10_000))) < 500


@given(st.text(max_size=40), st.integers(0, 10**9))
def test_a_number_in_an_address_is_never_more_than_there_can_be(said: str, most: int) -> None:
    assert 0 <= number(said, most=most) <= most


@given(st.integers(0, 10**14), st.integers(0, 10**9))
def test_a_number_in_an_address_that_can_be_is_taken(said: int, most: int) -> None:
    assert number(str(said), most=most) == min(said, most)
