"""Every route with every method, and what it needs: `python -m tests.dashboard.access_matrix` prints who may use it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount, Route

from core.access.roles import ROLES
from core.permission import Permission
from core.settings import Settings
from dashboard.api.calls import CALLS
from dashboard.app import create_app
from dashboard.urls import RawRoute
from tests.dashboard.fixed_herd import DANGERS, small_company

BASE = "/admin/queues"
# Who comes this far has said nothing of themselves yet, or learns nothing of any queue.
UNLOCKED = {
    *(f"{BASE}/{path}" for path in ("login", "login/start", "login/return", "logout")),
    f"{BASE}/static/{{checksum}}/{{path:path}}",
    "/robots.txt",
}


class Door(NamedTuple):
    """One method of one path; `needs` is None where nothing is."""

    method: str
    path: str
    needs: Permission | None


def doors(app: Starlette) -> list[Door]:
    """Every door of the dashboard, the API's by its table of calls."""
    pages = [door for door in _doors(app.routes) if "/api/" not in door.path]
    api = [Door(call.method, f"{BASE}/api{call.path}", call.needs) for call in CALLS]
    return sorted({*pages, *api}, key=lambda door: (door.path, door.method))


def undeclared(app: Starlette) -> list[str]:
    """The routes that declare no permission, and are not of those that need none."""
    found = [route for route in _routes(app.routes) if not isinstance(route, RawRoute) and route.path not in UNLOCKED]
    return [route.path for route in found]


def _doors(routes: Sequence[BaseRoute]) -> Iterator[Door]:
    for route in _routes(routes):
        needs = route.needs if isinstance(route, RawRoute) else None
        yield from (Door(method, route.path, needs) for method in sorted((route.methods or {"GET"}) - {"HEAD"}))


def _routes(routes: Sequence[BaseRoute], above: str = "") -> Iterator[Route]:
    for route in routes:
        if isinstance(route, Mount):
            yield from _routes([_under(above + route.path, inner) for inner in route.routes])
        else:
            assert isinstance(route, Route), f"{route} is of a kind that this test does not know"
            yield route


def _under(path: str, route: BaseRoute) -> BaseRoute:
    assert isinstance(route, RawRoute), f"{route} declares no permission"
    return RawRoute(
        path + route.path,
        route.endpoint,
        needs=route.needs,
        methods=sorted(route.methods or {"GET"}),
        costs=route.costs,
    )


def table(app: Starlette) -> str:
    """Markdown: a row for each door, a column for each role."""
    lines = [f"| method | path | needs | {' | '.join(ROLES)} |", f"| --- | --- | --- |{' --- |' * len(ROLES)}"]
    for door in doors(app):
        path = re.sub(r":path", "", door.path.removeprefix(BASE)) or "/"
        may = ("yes" if door.needs is None or door.needs in permissions else "·" for permissions in ROLES.values())
        lines.append(f"| {door.method} | `{path}` | {door.needs or 'nothing'} | {' | '.join(may)} |")
    return "\n".join(lines)


def the_app() -> Starlette:
    """The whole dashboard over a small company."""
    settings = Settings(allow=DANGERS)
    return create_app(small_company(settings=settings), settings)


if __name__ == "__main__":
    print(table(the_app()))
