"""The exporter alone: /metrics, the two probes, and a page that links them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from exporter.exposition import Clock, Watched, milliseconds
from exporter.health import unready
from exporter.routes import routes

_SAFE = {
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
# Links without a leading slash, so that they hold behind a proxy that serves this under a path.
_INDEX = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Tickbird exporter</title>
</head>
<body>
<h1>Tickbird exporter</h1>
<p>Prometheus metrics of Bull and BullMQ queues, as they lie in Redis.</p>
<ul>
<li><a href="metrics">metrics</a>: what Prometheus scrapes</li>
<li><a href="healthz">healthz</a>: this process answers</li>
<li><a href="readyz">readyz</a>: Redis is reachable and was read a moment ago</li>
</ul>
</body>
</html>
"""


class Herd(Watched, Protocol):
    """What an exporter of its own needs besides: it begins the readings, and ends them."""

    async def start(self) -> None: ...

    async def stop(self) -> None: ...


def create_app(herd: Herd, clock: Clock = milliseconds) -> Starlette:
    """The application on the exporter's own port, open to all who reach it. It starts and stops the herd."""

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        await herd.start()
        try:
            yield
        finally:
            await herd.stop()

    async def index(_request: Request) -> Response:
        return HTMLResponse(_INDEX, headers=_SAFE)

    async def healthz(_request: Request) -> Response:
        return PlainTextResponse("ok\n", headers=_SAFE)

    async def readyz(_request: Request) -> Response:
        # A probe is nobody who looks: it must not keep the readings as frequent as a person does.
        trouble = unready(herd.snapshot(), clock())
        return PlainTextResponse(f"{trouble or 'ready'}\n", 503 if trouble else 200, headers=_SAFE)

    own = [Route("/", index), Route("/healthz", healthz), Route("/readyz", readyz)]
    return Starlette(routes=[*own, *routes(herd, clock)], lifespan=lifespan)
