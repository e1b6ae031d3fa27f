"""/metrics and /metrics/jobs, as routes for whichever application serves them: the exporter's, or the dashboard's."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from exporter.exposition import Clock, Exposition, Scope, Watched, milliseconds
from exporter.negotiation import accepts_gzip, preferred_format


def routes(herd: Watched, clock: Clock = milliseconds) -> list[Route]:
    """What Prometheus scrapes. Who may scrape is for the application to say."""
    exposition = Exposition(herd, clock)

    def exposed(scope: Scope) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            form = preferred_format(request.headers.get("accept", ""))
            compressed = accepts_gzip(request.headers.get("accept-encoding", ""))
            body = await exposition.body(form, compressed=compressed, scope=scope)
            return Response(body, headers=_headers(compressed=compressed), media_type=form)

        return answer

    paths = {"/metrics": Scope.QUEUES, "/metrics/jobs": Scope.NAMES}
    return [Route(path, exposed(scope), methods=["GET"]) for path, scope in paths.items()]


def _headers(*, compressed: bool) -> dict[str, str]:
    headers = {
        "Cache-Control": "no-store",
        "Vary": "Accept, Accept-Encoding",
        # Queue names are other people's words: no browser shall take them for a page.
        "X-Content-Type-Options": "nosniff",
    }
    return headers | {"Content-Encoding": "gzip"} if compressed else headers
