"""Searches as JSON."""

from __future__ import annotations

from core.search.run import MOST_HELD
from core.search.search import Search
from dashboard.api.job_shapes import job_row
from dashboard.api.shapes import Json, queue_id
from dashboard.urls import queue_href, search_href


def search(base: str, search: Search, *, after: int = 0, limit: int = MOST_HELD) -> Json:
    """How it stands, and the jobs found behind the first `after`; `next` is the `after` to ask with for the rest, null
    once there can be no more."""
    wish, hits = search.wish, search.hits[after : after + limit]
    end = min(after, len(search.hits)) + len(hits)
    more = end < len(search.hits) or search.is_live or search.status in ("paused", "failed")
    return {
        "id": search.id,
        "href": search_href(base, search.id),
        "q": wish.said,
        "queues": "all" if wish.queues is None else [queue_href(base, id) for id in wish.queues],
        "states": None if wish.states is None else list(wish.states),
        "behind": search_href(base, wish.behind) if wish.behind else None,
        "now": search.now,
        "status": search.status,
        "trouble": search.trouble,
        "notes": list(search.notes),
        "looked_at": search.looked_at,
        "total": search.total,
        "found": len(search.hits),
        "rate": search.rate,
        "seconds_left": search.seconds_left,
        "jobs": [{**job_row(base, hit.queue, hit.row), "queue": queue_id(base, hit.queue)} for hit in hits],
        "next": end if more else None,
    }
