"""Headers and forms of every kind, at every place that takes some: answered or refused, and never a fault of ours."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator

import pytest
import redis as redis_py
from starlette.routing import BaseRoute

from core.model import Dialect
from dashboard.urls import encode_part, job_page, queue_page
from tests.fuzz.asking import BASE, Asking, asking
from tests.fuzz.company import lay, queue_id
from tickbird.demo.server import EmbeddedServer

MAIL = queue_id(Dialect.MQ5)
HEADERS = (
    *("authorization", "host", "origin", "sec-fetch-site", "last-event-id", "if-none-match", "accept", "cookie"),
    *("accept-encoding", "range", "if-modified-since", "content-type", "x-forwarded-for", "x-forwarded-proto"),
    *("forwarded", "hx-request", "hx-current-url", "referer", "content-encoding"),
)
VALUES = (
    *(
        b"",
        b"\xff\xfe",
        b"-",
        b"*",
        b"0",
        b"null",
        b"a" * 5000,
        "\u0663".encode(),
        b"1-" + b"9" * 400,
        b"[::1",
        b"http://[",
    ),
    *(b"Bearer", b"Basic !", b"Basic " + b64encode(b"\xff"), b"localhost:99999999", b"a=b; a; =;;", b"*/*;q=nan"),
    *(b"application/json;charset=utf-99", b"multipart/form-data; boundary=", b"gzip;q=x"),
)
FORMS = (
    *(b"", b"&&=&%=%&", b"job=%FF%FE&job=~2&ids=%00&state=%00", b"\xff\xfe\x00", b"=" * 5000, b"job=1&" * 2000),
    b"reason=%ED%A0%80&data={&seen=x&priority=99999999999999999999&delay=-1&every=1e9&pattern=%00&tz=%FF&to=http://[",
    b"name=%00&data=%ED%A0%80&options=[]&jobs=[[]]&queue=/admin/queues/queues/%25&confirm=%F0&scope=x&keep=1e999",
)


@pytest.fixture
async def there(server: EmbeddedServer, redis: redis_py.Redis) -> AsyncIterator[Asking]:
    lay(redis, Dialect.MQ5)
    async with asking(server.url) as asked:
        await asked.look()
        yield asked


@pytest.mark.parametrize("path", [job_page(BASE, MAIL, "7"), f"{BASE}/api/me"])
async def test_no_header_is_a_fault_of_ours(there: Asking, path: str) -> None:
    for name in HEADERS:
        for value in VALUES:
            answer = await there.ask("GET", path, headers=[(name.encode(), value)])
            assert answer.status_code < 500, (name, value, answer.text[:500])


def places(routes: list[BaseRoute]) -> Iterator[str]:
    """Every page's form, for one job of a queue."""
    known = {
        "instance": MAIL.instance,
        "prefix": MAIL.prefix,
        "name": MAIL.name,
        "job_id": "7",
        "scheduler_key": "hourly",
    }
    for route in routes:
        if "POST" in (getattr(route, "methods", None) or ()):
            path: str = getattr(route, "path", "")
            yield re.sub(r"{(\w+)(?::\w+)?}", lambda part: encode_part(known.get(part[1], "nosuch")), path)


@pytest.mark.timeout(300)
async def test_no_form_is_a_fault_of_ours(there: Asking, redis: redis_py.Redis) -> None:
    paths = [path for path in places(there.app.routes) if "/login" not in path]
    assert len(paths) > 40
    assert f"{queue_page(BASE, MAIL)}/pauses" in paths
    for path in paths:
        lay(redis, Dialect.MQ5)
        for form in FORMS:
            answer = await there.ask(
                "POST", path, content=form, headers={"content-type": "application/x-www-form-urlencoded"}
            )
            assert answer.status_code < 500, (path, form[:200], answer.text[:2000])
