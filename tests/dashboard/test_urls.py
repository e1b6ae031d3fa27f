from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from urllib.parse import urljoin

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount
from starlette.testclient import TestClient
from starlette.types import ASGIApp

from core.errors import Invalid
from core.model import QueueId
from core.permission import Permission
from core.settings import Settings
from core.text import text
from dashboard.gate import Gate
from dashboard.urls import (
    JOB,
    RawRoute,
    decode_part,
    encode_part,
    job_href,
    job_id,
    job_page,
    queue_href,
    queue_id,
    queue_page,
)
from tests.dashboard.served import serve

BASE = "/admin/queues"
AWKWARD = ["", ".", "..", "~", "~0", "~1", "~.", "/", "a/b", "%", "%2F", "%252F", "a b", "a+b", "q:1", "?", "#"]
AWKWARD += ["\u00e9\u4e2d\U0001f426", "e\u0301", "\x00", "\n", "\r\n", "\udcff", "\\", ";a=b", "{job}", "-_.!~*'()"]

names = st.one_of(
    st.sampled_from(AWKWARD),
    st.text(alphabet="~/.%012:+ ?#\u00e9", max_size=12),
    st.binary(max_size=24).map(text),
)


async def echo(request: Request) -> Response:
    id = queue_id(request)
    return Response(json.dumps([id.instance, id.prefix, id.name, job_id(request)]), media_type="application/json")


def app() -> ASGIApp:
    routes = [
        RawRoute(BASE + JOB, echo, needs=Permission.VIEW, costs=None),
        Mount(f"{BASE}/api", routes=[RawRoute(JOB, echo, needs=Permission.VIEW, costs=None)]),
    ]
    return Gate(Starlette(routes=routes), Settings())


@pytest.fixture(scope="module", params=["httptools", "h11"])
def port(request: pytest.FixtureRequest) -> Iterator[int]:
    with serve(app(), request.param) as port:
        yield port


@given(names)
def test_any_name_is_one_part_of_a_path_and_comes_back(name: str) -> None:
    part = encode_part(name)

    assert decode_part(part) == name
    assert part.isascii()
    assert part
    assert not set(part) & set("/?#+: \\")


@given(names, names)
def test_two_names_never_share_a_part(one: str, other: str) -> None:
    assert (encode_part(one) == encode_part(other)) == (one == other)


@given(names)
def test_a_browser_leaves_the_part_as_it_is(name: str) -> None:
    href = f"/x/{encode_part(name)}/end"

    assert urljoin("http://h/", href) == f"http://h{href}"


@pytest.mark.parametrize("part", ["~2", "a~", "~~", "~%2F", "%7E2", "a~.b", "~.b"])
def test_a_misused_escape_is_refused_with_what_to_write(part: str) -> None:
    with pytest.raises(Invalid, match="Write ~ as ~0 and / as ~1"):
        decode_part(part)


def test_a_half_of_a_character_that_redis_cannot_hold_becomes_what_node_writes_for_it() -> None:
    assert decode_part(encode_part("a\ud800")) == "a\ufffd"


def test_a_queue_and_a_job_each_have_a_page_and_a_place_in_the_api() -> None:
    mail = QueueId("eu 1", "{bull}", "mail/out")

    assert queue_page(BASE, mail) == "/admin/queues/queues/eu%201/%7Bbull%7D/mail~1out"
    assert queue_href(BASE, mail) == "/admin/queues/api/queues/eu%201/%7Bbull%7D/mail~1out"
    assert job_page(BASE, mail, "7:1") == queue_page(BASE, mail) + "/jobs/7%3A1"
    assert job_href(BASE, mail, "7:1") == queue_href(BASE, mail) + "/jobs/7%3A1"


@settings(max_examples=150, deadline=None)
@given(st.tuples(names, names, names, names), st.sampled_from([job_page, job_href]))
def test_a_real_server_reads_back_every_name(port: int, parts: tuple[str, str, str, str], place: object) -> None:
    href = (job_page if place is job_page else job_href)(BASE, QueueId(*parts[:3]), parts[3])
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", href)
        answer = connection.getresponse()

        assert (answer.status, json.loads(answer.read())) == (200, list(parts))
    finally:
        connection.close()


@settings(max_examples=150, deadline=None)
@given(st.tuples(names, names, names, names), st.sampled_from([job_page, job_href]))
def test_the_test_client_reads_back_every_name(parts: tuple[str, str, str, str], place: object) -> None:
    href = (job_page if place is job_page else job_href)(BASE, QueueId(*parts[:3]), parts[3])

    assert TestClient(app(), base_url="http://localhost").get(href).json() == list(parts)


def test_a_server_that_keeps_no_raw_path_still_finds_plain_names() -> None:
    async def without_raw_path(scope, receive, send):  # type: ignore[no-untyped-def] # a bare ASGI callable
        await app()({key: value for key, value in scope.items() if key != "raw_path"}, receive, send)

    mail = QueueId("default", "bull", "mail \u00e9")
    answer = TestClient(without_raw_path, base_url="http://localhost").get(job_href(BASE, mail, "1"))

    assert answer.json() == ["default", "bull", "mail \u00e9", "1"]
