"""The questions before something is removed from a flow: what would go, by queue and state, and what would stay."""

from __future__ import annotations

from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import Response

from core.flows.flow import Extent
from dashboard.desk import Desk, desk_of
from dashboard.pages.frame import answer, frame
from dashboard.urls import job_id, job_page, queue_id, sent_path
from dashboard.words import jobs, several

TEMPLATE = "pages/flow_asking.html"
_FOR_GOOD = "Data, results, logs and errors go with them. This cannot be undone."


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, in sentences. `extent` is what would go, as far as it was counted."""

    title: str
    do: str
    sentences: tuple[str, ...]
    extent: Extent = field(default_factory=Extent)


async def about_all(desk: Desk, request: Request) -> Response:
    """Whether to remove this job and all below it."""
    extent = await desk.herd.flows.extent(queue_id(request), job_id(request))
    total = f"{'' if extent.exact else 'at least '}{jobs(extent.total)}"
    lie = "lies" if extent.strangers == 1 else "lie"
    sentences = (
        f"{total[0].upper()}{total[1:]} would go: this one, and all below it.",
        *(
            (f"{jobs(extent.strangers)} {lie} in a queue that is not known here, and stays with all above it.",)
            if extent.strangers
            else ()
        ),
        _FOR_GOOD,
    )
    return _asked(request, Question("Remove the flow below and with", f"Remove {total}", sentences, extent))


async def about_children(desk: Desk, request: Request) -> Response:
    """Whether to remove the children that this job still waits for."""
    whole = await desk.herd.job(queue_id(request), job_id(request), limit_bytes=1024)
    pending = whole.children.pending if whole.children else 0
    if whole.children and not pending:
        nothing = "It waits for no child: all are done, failed or gone, and these stay."
        return _asked(request, Question("There is nothing to remove below", "", (nothing,)))
    sentences = (
        f"It waits for {several(pending, 'child', 'children')}. They go, with what waits below them.",
        "Those that a worker runs stay, and those that have failed. With none left to wait for, the job runs.",
        _FOR_GOOD,
    )
    return _asked(request, Question("Remove the unprocessed children of", "Remove the children", sentences))


def _asked(request: Request, question: Question) -> Response:
    desk, id, job = desk_of(request), queue_id(request), job_id(request)
    values = {
        "frame": frame(desk, request),
        "place": "asking",
        "question": question,
        "job_id": job,
        "queue": id,
        "rows": sorted((queue.name, state, number) for (queue, state), number in question.extent.counts.items()),
        "back": f"{job_page(desk.base, id, job)}/flow",
        "action": sent_path(request.scope),
    }
    return answer(desk, request, TEMPLATE, values)
