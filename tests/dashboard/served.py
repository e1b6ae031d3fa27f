"""An application behind a real server or a test client, addressed as a browser on this machine addresses it."""

from __future__ import annotations

import base64
import hashlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route
from starlette.testclient import TestClient
from starlette.types import ASGIApp

from core.herd import Herd
from core.settings import Settings
from dashboard.api.routes import routes
from dashboard.gate import Gate
from dashboard.headers import ROBOTS, SecurityHeaders

BASE = "/admin/queues"
DEADLINE = 45.0


@contextmanager
def serve(app: ASGIApp, http: Literal["httptools", "h11"] = "httptools") -> Iterator[int]:
    """The port on which a real uvicorn serves the app, in a thread of this process, until the block ends."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, http=http, lifespan="off", log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield _port(server)
    finally:
        server.should_exit = True
        thread.join(DEADLINE)
        assert not thread.is_alive(), "uvicorn did not stop"


def _port(server: uvicorn.Server) -> int:
    until = time.monotonic() + DEADLINE
    while not server.started:
        assert time.monotonic() < until, "uvicorn did not start"
        time.sleep(0.005)
    port: int = server.servers[0].sockets[0].getsockname()[1]
    return port


async def _words(request: Request) -> PlainTextResponse:
    return PlainTextResponse(request.scope.get("user", "nobody passed the gate"))


def dashboard(herd: Herd, settings: Settings | None = None) -> ASGIApp:
    """The API and some plain pages, inside the gate and the headers, as the real dashboard has them."""
    settings = settings or herd.settings
    pages = [Route(path, _words, methods=["GET", "POST"]) for path in ("/", BASE, "/metrics", "/metrics/jobs")]
    probes = [Route(path, _words) for path in ("/healthz", "/readyz")]
    api = Mount(f"{settings.base_path}/api", routes=routes(herd, settings))
    return SecurityHeaders(Gate(Starlette(routes=[*probes, *pages, ROBOTS, api]), settings))


def client(app: ASGIApp, **options: str) -> TestClient:
    """A client that asks `localhost`, which needs no setting, and follows no redirects."""
    address = options.get("base_url", "http://localhost")
    return TestClient(app, base_url=address, raise_server_exceptions=False, follow_redirects=False)


def cheap_hash(password: str) -> str:
    """A real hash of this password that takes a thousandth of the usual time to verify."""
    salt = b"sixteen bytes..."
    digest = hashlib.scrypt(password.encode(), salt=salt, n=16, r=8, p=1, dklen=32)
    written = (base64.b64encode(value).decode().rstrip("=") for value in (salt, digest))
    return "$".join(("scrypt", "ln=4,r=8,p=1", *written))
