"""Where one can go from every page: the bar at the top, and the row of pages that belong to one queue."""

from __future__ import annotations

from typing import NamedTuple

from core.access.asker import asker
from core.permission import Permission


class Place(NamedTuple):
    """A page by the word that templates know it by, its path below the base or the queue's page, and its title."""

    word: str
    path: str
    title: str
    needs: Permission = Permission.VIEW


PLACES = (
    Place("queues", "", "Queues"),
    Place("search", "/search", "Search"),
    Place("errors", "/errors", "Errors"),
    Place("schedulers", "/schedulers", "Schedulers"),
    Place("flows", "/flows", "Flows"),
    Place("workers", "/workers", "Workers"),
    Place("operations", "/operations", "Operations"),
    Place("events", "/events", "Events"),
    Place("redis", "/redis", "Redis"),
    Place("audit", "/audit", "Audit", Permission.AUDIT),
)
OF_A_QUEUE = (
    Place("jobs", "", "Jobs"),
    Place("samples", "/samples", "Samples"),
    Place("schedulers", "/schedulers", "Schedulers"),
    Place("batches", "/batches", "Batches"),
    Place("dead-letters", "/dead-letters", "Dead letters"),
    Place("events", "/events", "Events"),
    Place("add", "/add", "Add job", Permission.ADD),
    Place("manage", "/manage", "Manage"),
)


def open_to_asker(places: tuple[Place, ...]) -> list[Place]:
    """Those of these pages that who asks may see."""
    return [place for place in places if place.needs in asker().may]
