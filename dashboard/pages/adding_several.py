"""The page on which a person adds several jobs: first the text, then what it means, then what became of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from core.errors import TickbirdError
from core.model import Outcome
from core.mutations.adding import JOBS_LIMIT, NewJob
from dashboard.desk import Desk, desk_of
from dashboard.json_edit import editable, escaped
from dashboard.pages.adding import as_fields, why_not
from dashboard.pages.frame import answer, frame
from dashboard.pages.queue_list import place
from dashboard.several_jobs import LONGEST, names_of
from dashboard.urls import job_page, queue_id, queue_page

TEMPLATE = "pages/adding_several.html"
MOST_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Draft:
    """What was written. `jobs` are set where it is to be confirmed, `outcomes` where it was done; `trouble` says why it
    was not taken."""

    text: str = ""
    name: str = ""
    jobs: Sequence[NewJob] = ()
    outcomes: Sequence[Outcome] = ()
    trouble: TickbirdError | None = None


async def show(request: Request) -> Response:
    """The page, empty."""
    return page(desk_of(request), request, Draft())


def page(desk: Desk, request: Request, draft: Draft) -> Response:
    """The page with this draft."""
    id = queue_id(request)
    queue = desk.herd.queue(id)
    first = draft.jobs[0] if draft.jobs else None
    values = {
        "frame": frame(desk, request),
        "place": "adding",
        "queue": queue,
        "where": place(queue),
        "href": queue_page(desk.base, id),
        "why_not": why_not(queue),
        "draft": draft,
        "text": escaped(draft.text.replace("\r\n", "\n")),
        "names": names_of(draft.jobs)[:20],
        "first": first,
        "first_data": editable(first.data)[:20_000] if first else "",
        "first_options": {**as_fields(first.options)} if first else {},
        "added": sum(outcome.changed for outcome in draft.outcomes),
        "rows": [
            (each.sentence, job_page(desk.base, id, each.job_id) if each.job_id else "", each.changed)
            for each in sorted(draft.outcomes, key=lambda each: each.changed)[:MOST_SHOWN]
        ],
        "more": max(0, len(draft.outcomes) - MOST_SHOWN),
        "most": JOBS_LIMIT,
        "longest": LONGEST,
    }
    return answer(desk, request, TEMPLATE, values, 400 if draft.trouble else 200)
