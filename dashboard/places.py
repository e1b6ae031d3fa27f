"""Where one can go from every page: the bar at the top, and the row of pages that belong to one queue."""

from __future__ import annotations

from typing import NamedTuple


class Place(NamedTuple):
    """A page by the word that templates know it by, its path below the base or the queue's page, and its title."""

    word: str
    path: str
    title: str


PLACES = (
    Place("queues", "", "Queues"),
    Place("errors", "/errors", "Errors"),
    Place("operations", "/operations", "Operations"),
)
OF_A_QUEUE = (
    Place("jobs", "", "Jobs"),
    Place("add", "/add", "Add job"),
    Place("manage", "/manage", "Manage"),
)
