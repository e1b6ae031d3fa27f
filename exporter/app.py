"""The exporter alone: /metrics, the two probes, and a page that links them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from exporter.exposition import Clock, Watched, milliseconds
from exporter.probes import SAFE, probes
from exporter.routes import routes

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
<li><a href="metrics/jobs">metrics/jobs</a>: the same for each job name</li>
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
        return HTMLResponse(_INDEX, headers=SAFE)

    return Starlette(routes=[Route("/", index), *probes(herd, clock), *routes(herd, clock)], lifespan=lifespan)
