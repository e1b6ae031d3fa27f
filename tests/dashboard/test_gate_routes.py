"""The gate around the dashboard as it is really put together: a route that is added tomorrow is tested tomorrow."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import BaseRoute, Mount, Route

from core.settings import Settings
from dashboard.app import create_app
from tests.dashboard.fixed_herd import small_company
from tests.dashboard.served import cheap_hash, client

CLOSED = Settings(user="ada", password_hash=cheap_hash("secret"), metrics_token="t0ken")
OPEN_TO_ALL = {"/robots.txt", "/healthz", "/readyz"}
# What asks a stranger who they are, and what that page looks like.
AT_THE_DOOR = {f"/admin/queues/{path}" for path in ("login", "login/start", "login/return", "static/x/x")}
PLACE = {"instance": "default", "prefix": "bull", "name": "mail", "job_id": "3", "checksum": "x"}
OURS, THEIRS = {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "cross-site"}


async def _metrics(_: Request) -> PlainTextResponse:
    return PlainTextResponse("metrics")


def app(settings: Settings) -> Starlette:
    extra = [Route(path, _metrics) for path in ("/metrics", "/metrics/jobs", "/healthz", "/readyz")]
    return create_app(small_company(settings=settings), settings, extra)


def doors(routes: Sequence[BaseRoute], above: str = "") -> Iterator[tuple[str, str]]:
    """Every method of every path; a route that does not name its methods is tried with several."""
    for route in routes:
        if isinstance(route, Mount):
            yield from doors(route.routes, above + route.path)
        else:
            assert isinstance(route, Route), f"{route} is of a kind that this test does not know"
            path = re.sub(r"{(\w+)(:\w+)?}", lambda part: PLACE.get(part[1], "x"), above + route.path)
            yield from ((method, path) for method in sorted(route.methods or {"GET", "HEAD", "POST", "DELETE"}))


# Refused before anything happens, so all tests may knock at the same two.
LOCKED, UNLOCKED = app(CLOSED), app(Settings())
DOORS = sorted(set(doors(LOCKED.routes)))


@pytest.mark.parametrize(("method", "path"), DOORS, ids=str)
def test_a_stranger_gets_nowhere(method: str, path: str) -> None:
    answer = client(LOCKED).request(method, path, headers=OURS)

    if path in AT_THE_DOOR:
        assert answer.status_code in (200, 401, 404)
        assert "mail" not in answer.text
        return
    assert answer.status_code == (200 if path in OPEN_TO_ALL and method != "POST" else 401)


@pytest.mark.parametrize(("method", "path"), [door for door in DOORS if door[0] not in ("GET", "HEAD")])
def test_another_site_changes_nothing_with_or_without_a_login(method: str, path: str) -> None:
    closed = client(LOCKED)
    closed.auth = ("ada", "secret")

    assert closed.request(method, path, headers=THEIRS).status_code == 403
    assert client(UNLOCKED).request(method, path, headers=THEIRS).status_code == 403
    assert client(UNLOCKED).request(method, path).status_code == 403


@pytest.mark.parametrize("path", sorted({path for method, path in DOORS if method == "GET"}))
def test_another_name_that_points_at_this_machine_reads_nothing(path: str) -> None:
    answer = client(UNLOCKED).get(path, headers={"Host": "rebound.evil.example"})

    assert answer.status_code == (200 if path in OPEN_TO_ALL else 421)


def test_there_are_as_many_doors_as_there_should_at_least_be() -> None:
    assert len(DOORS) >= 40
    assert ("POST", "/admin/queues/api/queues/default/bull/mail/pause") in DOORS
