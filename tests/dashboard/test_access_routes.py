"""Every route, method and role: who may is let in, who may not is told so, and no route forgets what it needs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from core.access.accounts import Grant, User
from core.access.roles import ROLES
from core.permission import Permission
from core.settings import Settings
from dashboard.app import create_app
from tests.dashboard.access_matrix import BASE, Door, doors, table, the_app, undeclared
from tests.dashboard.fixed_herd import DANGERS, small_company
from tests.dashboard.fixed_operations import LIVE
from tests.dashboard.served import cheap_hash, client

CUSTOM = frozenset({Permission.VIEW, Permission.PAUSE})
USERS = tuple(User(role, Grant(role), cheap_hash("secret")) for role in (*ROLES, "custom"))
SETTINGS = Settings(users=USERS, roles={"custom": CUSTOM}, allow=DANGERS)
ALLOWED = {**ROLES, "custom": CUSTOM}
DOORS = doors(the_app())
PLACE = {"instance": "default", "prefix": "bull", "name": "mail", "job_id": "3", "operation_id": LIVE}
OURS = {"Sec-Fetch-Site": "same-origin", "Accept": "application/json"}
PAGE = Path(__file__).parents[2] / "docs" / "access.md"


def test_no_route_forgets_to_say_what_it_needs() -> None:
    assert undeclared(the_app()) == []


def test_only_those_that_change_something_are_no_get() -> None:
    changing = [door for door in DOORS if door.method != "GET" and door.needs is not None]
    looking = [door for door in changing if door.needs in (Permission.VIEW, Permission.AUDIT)]

    # What these do depends on what they are sent, so the action itself looks who asks.
    assert {re.sub(r"\{\w+\}", "x", door.path.removeprefix(BASE)) for door in looking} <= LOOKED_AT_AGAIN


LOOKED_AT_AGAIN = {
    "/operations",
    "/operations/x/beginnings",
    "/operations/x/pauses",
    "/operations/x/resumptions",
    "/operations/x/cancellations",
    "/api/operations",
    "/api/operations/x",
    "/api/operations/x/pause",
    "/api/operations/x/resume",
    "/api/queues/x/x/x/jobs/x",
    # Searches and views are Tickbird's own, and no queue is changed by them.
    "/api/searches",
    "/api/searches/x",
    "/api/searches/x/older",
    "/api/searches/x/pause",
    "/api/searches/x/resume",
    "/searches/x/cancellations",
    "/searches/x/continuations",
    "/searches/x/pauses",
    "/searches/x/resumptions",
    "/api/views",
    "/api/views/x",
    "/views",
    "/views/x/removals",
    "/views/x/renamings",
}


def address(door: Door) -> str:
    return re.sub(r"{(\w+)(:\w+)?}", lambda part: PLACE.get(part[1], "x"), door.path)


def asked(door: Door, who: str) -> int:
    """The status that somebody of this role gets; each has a company of their own."""
    http: TestClient = client(create_app(small_company(settings=SETTINGS), SETTINGS))
    http.auth = (who, "secret")
    if door.path.endswith(("/live", "/api/events")) or door.path.endswith("/events"):
        with http.stream(door.method, address(door) + "?at=nowhere&follow=false", headers=OURS) as response:
            return response.status_code
    return http.request(door.method, address(door), headers=OURS).status_code


@pytest.mark.parametrize("door", [door for door in DOORS if door.needs], ids=lambda door: f"{door.method} {door.path}")
@pytest.mark.parametrize("role", ALLOWED)
def test_a_role_passes_the_doors_that_its_permissions_open(role: str, door: Door) -> None:
    passed = asked(door, role) not in (401, 403)

    assert passed == (door.needs in ALLOWED[role])


def test_the_documented_matrix_is_the_one_in_force() -> None:
    assert table(the_app()) in PAGE.read_text(), "python -m tests.dashboard.access_matrix prints it"
