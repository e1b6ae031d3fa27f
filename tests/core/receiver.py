"""A real server on this machine that takes what is posted to it."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from core.audit.webhook import Webhook
from core.audit.webhook_target import Target
from tests.core.waiting import soon

SECRET = "sixteen letters and more"
QUIET = 0.01


class Receiver:
    """It keeps every request; `answers` makes what it says to each request."""

    def __init__(self, answers: Callable[[BaseHTTPRequestHandler], None] | None = None, port: int = 0) -> None:
        self.bodies: list[tuple[dict[str, str], bytes]] = []
        self.answers = answers or self.fine
        receiver = self

        class Answer(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver.bodies.append(({name.lower(): value for name, value in self.headers.items()}, body))
                receiver.answers(self)

            def log_message(self, format: str, *args: object) -> None:
                """Nothing: this is no trouble of ours."""

        self.server = ThreadingHTTPServer(("127.0.0.1", port), Answer)
        self.server.daemon_threads = True
        self.port = self.server.server_port
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self.thread.start()

    @staticmethod
    def fine(answer: BaseHTTPRequestHandler) -> None:
        answer.send_response(204)
        answer.end_headers()

    def lines(self) -> list[dict[str, Any]]:
        """Every line that came, in the order in which it came."""
        return [line for _, body in list(self.bodies) for line in json.loads(body)["lines"]]

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def target(port: int, **rest: Any) -> Target:
    return Target(f"http://127.0.0.1:{port}/hook/t0ken", SECRET, **{"internal": True, **rest})


def hook(where: Target, **rest: Any) -> Webhook:
    return Webhook(where, pause=lambda _tries: QUIET, **rest)


def line(number: int) -> dict[str, Any]:
    return {"id": f"e{number}", "ended": "done", "verb": "retry"}


def telling(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "tickbird.audit.webhook"]


async def delivered(sends: Webhook) -> None:
    """Until nothing waits any more."""

    async def empty() -> bool:
        return not sends.standing.waiting

    await soon(empty, seconds=60)


async def failing(sends: Webhook) -> str:
    """Why it fails, as soon as it does."""

    async def why() -> str:
        return sends.standing.why

    return await soon(why, seconds=60)


def erring(answer: BaseHTTPRequestHandler) -> None:
    """Something is wrong there."""
    answer.send_response(500)
    answer.end_headers()
