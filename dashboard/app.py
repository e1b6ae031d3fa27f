"""The dashboard as one ASGI application: the table of its routes, and what lies around them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import cache

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Mount

from core.errors import TickbirdError
from core.herd import Herd
from core.permission import Permission
from core.settings import Settings
from dashboard import (
    actions,
    bulk,
    dead_letter_forms,
    failure_forms,
    flow_forms,
    job_forms,
    live,
    login,
    oidc,
    queue_forms,
    scheduler_forms,
    search_forms,
    static_files,
    undo_forms,
    views,
)
from dashboard.api.routes import routes as api_routes
from dashboard.denials import Denials
from dashboard.desk import Desk
from dashboard.gate import Gate
from dashboard.headers import ROBOTS, SecurityHeaders
from dashboard.pages import audit, errors, events, job, overview, queue, redis, revealing, samples, workers
from dashboard.rendering import Rendering
from dashboard.static_files import StaticFiles
from dashboard.urls import JOB, QUEUE, RawRoute


def create_app(herd: Herd, settings: Settings, extra_routes: Sequence[BaseRoute] = ()) -> Starlette:
    """The whole dashboard over this herd, which it starts and stops. `extra_routes` are guarded like its own."""
    static, rendering = _presentation(settings.base_path)
    desk = Desk(herd, settings, rendering)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await herd.start()
        try:
            yield
        finally:
            await herd.stop()

    app = Starlette(
        routes=[*_routes(desk), static.route(), ROBOTS, *extra_routes],
        middleware=[
            Middleware(SecurityHeaders),
            Middleware(Gate, settings=settings, store=herd.store),
            Middleware(Denials, trail=herd.audit),
            Middleware(GZipMiddleware, minimum_size=1024, compresslevel=5),
        ],
        exception_handlers={TickbirdError: errors.refused, HTTPException: errors.unknown, Exception: errors.broken},
        lifespan=lifespan,
    )
    # A redirect to the same path with a slash would be built from the Host header; our own links have none to add.
    app.router.redirect_slashes = False
    app.state.desk = desk
    return app


@cache
def _presentation(base: str) -> tuple[StaticFiles, Rendering]:
    """Static files and compiled templates: they do not change while this process runs."""
    static = static_files.load(base)
    return static, Rendering(static)


def _routes(desk: Desk) -> list[BaseRoute]:
    base = desk.base
    return [
        RawRoute("/", _home, needs=Permission.VIEW),
        RawRoute(f"{base}/", _home, needs=Permission.VIEW),
        *login.routes(base),
        *oidc.routes(base),
        *audit.routes(base),
        # Pages
        RawRoute(base, overview.show, needs=Permission.VIEW),
        RawRoute(base + QUEUE, queue.show, needs=Permission.VIEW),
        RawRoute(base + QUEUE + "/jobs", queue.open_job, needs=Permission.VIEW),
        RawRoute(base + JOB, job.show, needs=Permission.VIEW),
        *revealing.routes(base),
        *failure_forms.routes(base),
        *undo_forms.routes(base),
        *flow_forms.routes(base),
        # Buttons
        *actions.routes(base),
        *bulk.routes(base),
        *workers.routes(base),
        *redis.routes(base),
        *job_forms.routes(base),
        *queue_forms.routes(base),
        *dead_letter_forms.routes(base),
        *scheduler_forms.routes(base),
        *search_forms.routes(base),
        *samples.routes(base),
        # What keeps pages up to date
        *live.routes(base),
        *events.routes(base),
        *views.routes(base),
        # Programs
        Mount(f"{base}/api", routes=api_routes(desk.herd, desk.settings, desk.budgets)),
    ]


async def _home(request: Request) -> Response:
    desk: Desk = request.app.state.desk
    return RedirectResponse(desk.base, 302)
