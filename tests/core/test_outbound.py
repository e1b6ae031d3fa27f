"""What Tickbird may send by itself, and where to."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import outbound
from core.errors import Forbidden, Unavailable

INTERNAL = [
    "127.0.0.1",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "224.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "fe80::1",
    "fe80::1%eth0",
    "fd00::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "2002:7f00:1::",
    "64:ff9b::7f00:1",
]


@pytest.fixture
def listening() -> Iterator[tuple[int, list[Any]]]:
    heard: list[Any] = []

    class Answer(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"  # so that a connection could be used once more

        def do_GET(self) -> None:
            heard.append((self.path, self.headers["Host"]))
            self.send_response(302)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: this is no trouble of ours."""

    server = HTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port, heard
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("address", INTERNAL)
def test_what_is_not_of_the_public_internet_is_internal(address: str) -> None:
    assert not outbound.is_public(address)


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:220:1::1", "::ffff:93.184.215.14", "64:ff9b::808:808"])
def test_what_is_of_the_public_internet_is_not(address: str) -> None:
    assert outbound.is_public(address)


@given(st.ip_addresses(v=4))
def test_an_address_is_the_same_in_ipv6s_clothes(address: Any) -> None:
    number = int(address)
    for clothed in (f"::ffff:{address}", f"64:ff9b::{number >> 16:x}:{number & 0xFFFF:x}"):
        assert outbound.is_public(clothed) == outbound.is_public(str(address))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "127.1"])
async def test_nothing_is_sent_inside_unless_that_is_allowed(listening: tuple[int, list[Any]], host: str) -> None:
    port, heard = listening
    async with outbound.client(internal=False, allowed_by="hook.internal = true") as client:
        with pytest.raises(Forbidden, match="an internal address") as refusal:
            await client.get(f"http://{host}:{port}/")
    assert "hook.internal = true" in refusal.value.hint
    assert heard == []


async def test_where_it_is_allowed_the_name_stays_and_no_redirect_is_followed(
    listening: tuple[int, list[Any]],
) -> None:
    port, heard = listening
    async with outbound.client(internal=True, allowed_by="") as client:
        answer = await client.get(f"http://localhost:{port}/hook")
    assert answer.status_code == 302
    assert heard == [("/hook", f"localhost:{port}")]


async def test_the_connection_goes_to_the_address_that_was_looked_at(
    listening: tuple[int, list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name server that answers otherwise the second time is not asked a second time."""
    port, heard = listening
    loop = asyncio.get_running_loop()
    answers = iter([[(2, 1, 6, "", ("127.0.0.1", port))]])

    async def once(*_given: object, **_options: object) -> list[Any]:
        return next(answers)

    monkeypatch.setattr(loop, "getaddrinfo", once)
    async with outbound.client(internal=True, allowed_by="") as client:
        await client.get(f"http://rebinding.test:{port}/")
    assert heard == [("/", f"rebinding.test:{port}")]


async def test_a_name_that_leads_nowhere_is_said() -> None:
    async with outbound.client(internal=True, allowed_by="") as client:
        with pytest.raises(Unavailable, match=r"nowhere\.invalid"):
            await client.get("http://nowhere.invalid/")


async def test_only_http_is_spoken() -> None:
    async with outbound.client(internal=True, allowed_by="") as client:
        with pytest.raises(Exception, match=r"(?i)scheme|protocol"):
            await client.get("ftp://example.org/")


@pytest.mark.parametrize("port", [65_536, 99_999, 10**9])
async def test_a_port_that_is_none_is_said(port: int) -> None:
    async with outbound.client(internal=True, allowed_by="") as client:
        with pytest.raises(Unavailable, match=rf"port {port}"):
            await client.get(f"http://127.0.0.1:{port}/")


async def test_no_name_is_served_by_a_connection_that_was_made_for_another(
    listening: tuple[int, list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both names are at one address; a certificate that was looked at for the first says nothing of the second."""
    port, heard = listening
    made = []
    connect = asyncio.get_running_loop().create_connection

    async def counted(*given: Any, **options: Any) -> Any:
        made.append(given)
        return await connect(*given, **options)

    async def here(*_given: object) -> list[str]:
        return ["127.0.0.1"]

    monkeypatch.setattr(asyncio.get_running_loop(), "create_connection", counted)
    monkeypatch.setattr(outbound, "_resolved", here)
    async with outbound.client(internal=True, allowed_by="") as client:
        for name in ("one.test", "two.test"):
            await client.get(f"http://{name}:{port}/")
    assert [host for _, host in heard] == [f"one.test:{port}", f"two.test:{port}"]
    assert len(made) == 2
