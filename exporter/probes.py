"""/healthz and /readyz, as routes for whichever application serves them; they tell nothing else to anyone."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from exporter.exposition import Clock, Watched, milliseconds
from exporter.health import unready

SAFE = {
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def probes(herd: Watched, clock: Clock = milliseconds) -> list[Route]:
    """Whether this process answers, and whether Redis is reachable and was read a moment ago (503 with a sentence)."""

    async def healthz(_request: Request) -> Response:
        return PlainTextResponse("ok\n", headers=SAFE)

    async def readyz(_request: Request) -> Response:
        # A probe is nobody who looks: it must not keep the readings as frequent as a person does.
        trouble = unready(herd.snapshot(), clock())
        return PlainTextResponse(f"{trouble or 'ready'}\n", 503 if trouble else 200, headers=SAFE)

    return [Route("/healthz", healthz), Route("/readyz", readyz)]
