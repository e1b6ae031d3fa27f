"""Receivers of the audit log that answer badly, or are not who they should be."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from tests.core.receiver import Receiver, delivered, erring, failing, hook, line, target, telling
from tests.core.waiting import soon


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()
    yield found
    found.close()


def redirecting(answer: BaseHTTPRequestHandler) -> None:
    answer.send_response(307)
    answer.send_header("location", "/elsewhere")
    answer.end_headers()


def babbling(answer: BaseHTTPRequestHandler) -> None:
    answer.wfile.write(b"<script>t0ken " * 1000 + b"\r\n\r\n")
    answer.close_connection = True


def heading(answer: BaseHTTPRequestHandler) -> None:
    answer.wfile.write(b"HTTP/1.1 200 OK\r\n" + b"x: " + b"y" * 1_000_000)
    answer.close_connection = True


def hanging_up(answer: BaseHTTPRequestHandler) -> None:
    answer.close_connection = True


@pytest.mark.parametrize("answers", [redirecting, erring, babbling, heading, hanging_up], ids=lambda one: one.__name__)
async def test_what_is_no_yes_is_tried_again_and_never_quoted(
    answers: Callable[[BaseHTTPRequestHandler], None], caplog: pytest.LogCaptureFixture
) -> None:
    receiver = Receiver(answers)
    sends = hook(target(receiver.port))
    try:
        sends.tell(line(1))
        why = await failing(sends)
        assert "<" not in why
        assert "t0ken" not in why + repr(sends.standing) + "".join(telling(caplog))
        receiver.answers = Receiver.fine
        await delivered(sends)
    finally:
        await sends.stop()
        receiver.close()

    assert {one["line"] for one in receiver.lines()} == {"e1-done"}
    assert len(telling(caplog)) == 2


async def test_an_endless_answer_is_not_read() -> None:
    over = threading.Event()

    def endless(answer: BaseHTTPRequestHandler) -> None:
        answer.send_response(200)
        answer.end_headers()
        try:
            while not over.is_set():
                answer.wfile.write(b"x" * 65_536)
        except OSError:
            over.set()
        answer.close_connection = True

    receiver = Receiver(endless)
    sends = hook(target(receiver.port))
    try:
        sends.tell(line(1))
        await delivered(sends)
        # We hung up, so that whoever writes without end is told.
        await soon(lambda: asyncio.to_thread(over.wait, 0.1), seconds=60)
    finally:
        over.set()
        await sends.stop()
        receiver.close()


async def test_an_internal_address_is_refused_unless_that_is_allowed(receiver: Receiver) -> None:
    sends = hook(target(receiver.port, internal=False))
    sends.tell(line(1))
    why = await failing(sends)
    await sends.stop()

    assert "an internal address" in why
    assert "audit.webhook_internal" in why
    assert receiver.bodies == []


def certified(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """A certificate that nobody else has signed, and what a server of that name speaks TLS with."""
    key, certificate = folder / "key.pem", folder / "cert.pem"
    made = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost"
    subprocess.run([*made.split(), "-keyout", key, "-out", certificate], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return certificate, context


async def test_a_certificate_of_nobody_is_refused_and_one_that_is_named_is_not(
    receiver: Receiver, tmp_path: Path
) -> None:
    certificate, context = certified(tmp_path)
    receiver.server.socket = context.wrap_socket(receiver.server.socket, server_side=True)
    where = replace(target(0), url=f"https://localhost:{receiver.port}/")
    strict, trusting = hook(where), hook(replace(where, ca=str(certificate)))
    strict.tell(line(1))
    why = await failing(strict)
    await strict.stop()
    assert "certificate" in why
    assert receiver.bodies == []
    trusting.tell(line(2))
    await delivered(trusting)
    await trusting.stop()

    assert [one["id"] for one in receiver.lines()] == ["e2"]
