"""Schedulers as JSON, under BullMQ's own names where it has some."""

from __future__ import annotations

from typing import Any

from core.job import Payload
from core.schedulers.preview import Preview
from core.schedulers.scheduler import Page, Row, Run, Scheduler
from dashboard.api.job_shapes import is_writable, payload
from dashboard.api.shapes import Json, covered, queue_id
from dashboard.scheduler_urls import scheduler_href, scheduler_page
from dashboard.urls import job_href, job_page


def page(base: str, page: Page) -> Json:
    """Those in trouble first, then by their next run; `next` is the cursor of the page after this one."""
    return {
        "schedulers": [row(base, each) for each in page.rows],
        "next": page.next,
        "found": page.found,
        "covered": covered(page.covered),
        "away": list(page.away),
    }


def row(base: str, row: Row) -> Json:
    """A scheduler as a list shows it."""
    head, timing = row.head, row.head.timing
    return {
        "key": head.key,
        "kind": head.kind,
        "name": head.name,
        "sentence": row.sentence,
        "pattern": timing.pattern,
        "every": timing.every,
        "tz": timing.tz,
        "offset": timing.offset,
        "limit": timing.limit,
        "startDate": timing.start,
        "endDate": timing.end,
        "next": head.next,
        "overdue": row.overdue,
        "iterationCount": None if head.ran is None else head.ran + 1,
        "nextJob": {
            "id": head.iteration,
            "state": head.pending,
            "href": job_href(base, head.queue, head.iteration),
            "page": job_page(base, head.queue, head.iteration),
        },
        "last": row.last and run(row.last),
        "runs": [run(each) for each in row.runs],
        "twins": row.twins,
        "trouble": list(row.trouble),
        "queue": queue_id(base, head.queue),
        "href": scheduler_href(base, head.queue, head.key),
        "page": scheduler_page(base, head.queue, head.key),
    }


def run(run: Run) -> Json:
    """`state` is null where the run left no job behind."""
    return {
        "at": run.at,
        "state": run.state or None,
        "finishedOn": run.finished_on,
        "took": run.took,
        "jobId": run.job_id or None,
    }


def scheduler(base: str, scheduler: Scheduler) -> Json:
    """One scheduler in full."""
    return {
        **row(base, scheduler.row),
        "upcoming": {"instants": list(scheduler.upcoming.instants), "note": scheduler.upcoming.note},
        "template": {
            "data": _value(scheduler.data),
            "opts": _value(scheduler.options),
            "from": scheduler.template_from or None,
            "payloads": {
                name: payload(part, shown=_value(part) is not None)
                for name, part in (("data", scheduler.data), ("opts", scheduler.options))
                if part is not None
            },
        },
        "averageDuration": scheduler.average,
    }


def preview(preview: Preview) -> Json:
    """What a timing means."""
    return {"sentence": preview.sentence, "instants": list(preview.instants), "note": preview.note}


def _value(part: Payload | None) -> Any:
    """Null where it was cut or is no JSON; `payloads` then has its text."""
    return part.value if part is not None and not part.cut and is_writable(part.value) else None
