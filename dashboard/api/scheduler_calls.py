"""What the API can be asked of schedulers, and to do to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.errors import Invalid
from core.mutations.schedule_writing import Mode, Wanted
from core.permission import Permission
from core.schedulers.preview import preview
from core.schedulers.scheduler import Timing
from dashboard.api import scheduler_shapes as shapes
from dashboard.api.adding import LARGEST
from dashboard.api.asked import Asked, now
from dashboard.api.bodies import read_written
from dashboard.api.call import ACTING, Call
from dashboard.api.fields import check_known, flag, number
from dashboard.api.parameters import Parameter
from dashboard.api.queries import CURSOR
from dashboard.api.shapes import Json, outcome
from dashboard.api.written import members, value_of
from dashboard.budgets import Cost
from dashboard.json_edit import compact
from dashboard.scheduler_urls import PREVIEW, SCHEDULER, SCHEDULERS, scheduler_key

_TIMING = ("pattern", "every", "tz", "limit", "startDate", "endDate", "offset")
_CHANGE = (*_TIMING, "name", "immediately", "data", "opts")
_NEW = (*_CHANGE, "id", "jobId")
LIMIT = Parameter(
    "limit", "The most schedulers in one page.", {"type": "integer", "minimum": 1, "maximum": 200, "default": 100}
)
WORDS = Parameter(
    "q", "Only those with these words in their key, name, queue, pattern or zone.", {"type": "string", "maxLength": 500}
)
PATTERN = Parameter("pattern", "A cron pattern.", {"type": "string", "maxLength": 4096})
EVERY = Parameter("every", "Milliseconds.", {"type": "integer", "minimum": 1, "maximum": 2**48})
TZ = Parameter("tz", "Its time zone, such as Europe/Berlin.", {"type": "string", "maxLength": 100})


async def schedulers(asked: Asked) -> Json:
    """One page of those of all queues."""
    query = asked.query
    await asked.herd.look()
    page = await asked.herd.schedulers.page(words=query["q"] or "", cursor=query["cursor"], limit=query["limit"])
    return shapes.page(asked.base, page)


async def schedulers_of_queue(asked: Asked) -> Json:
    """One page of a queue's."""
    query, room = asked.query, asked.herd.schedulers
    await asked.herd.look()
    page = await room.page(queue=asked.queue, words=query["q"] or "", cursor=query["cursor"], limit=query["limit"])
    return shapes.page(asked.base, page)


async def scheduler(asked: Asked) -> Json:
    """One scheduler in full."""
    await asked.herd.look()
    return shapes.scheduler(asked.base, await asked.herd.schedulers.one(asked.queue, _key(asked)))


async def preview_schedule(asked: Asked) -> Json:
    """What a timing would mean in this queue."""
    query = asked.query
    timing = Timing(pattern=query["pattern"], every=query["every"], tz=query["tz"])
    return shapes.preview(preview(timing, asked.herd.queue(asked.queue).identity, now()))


async def make_scheduler(asked: Asked) -> Json:
    """Make one that is not there yet."""
    fields, data = await _read(asked, _NEW)
    id = fields.get("id", "")
    if not isinstance(id, str):
        raise Invalid("id is a text.")
    done = await asked.herd.mutations.upsert_scheduler(asked.queue, id, _wanted(fields, data, "create"))
    return outcome(asked.base, done)


async def change_scheduler(asked: Asked) -> Json:
    """Change one that is there."""
    fields, data = await _read(asked, _CHANGE)
    done = await asked.herd.mutations.upsert_scheduler(asked.queue, _key(asked), _wanted(fields, data, "edit"))
    return outcome(asked.base, done)


async def remove_scheduler(asked: Asked) -> Json:
    """End it."""
    return outcome(asked.base, await asked.herd.mutations.remove_scheduler(asked.queue, _key(asked)))


async def run_scheduler(asked: Asked) -> Json:
    """Add a job now, made as it makes its own."""
    return outcome(asked.base, await asked.herd.mutations.run_scheduler(asked.queue, _key(asked)))


def _key(asked: Asked) -> str:
    return scheduler_key(asked.request)


async def _read(asked: Asked, known: tuple[str, ...]) -> tuple[Mapping[str, Any], str | None]:
    """The fields, and the data as they were written."""
    written = await read_written(asked.request, LARGEST)
    fields = value_of(written or "{}")
    if not isinstance(fields, dict):
        raise Invalid("The body is not a JSON object.")
    check_known(fields, known)
    return fields, compact(members(written)["data"]) if "data" in fields else None


def _wanted(fields: Mapping[str, Any], data: str | None, mode: Mode) -> Wanted:
    options = fields.get("opts")
    if options is not None and not isinstance(options, dict):
        raise Invalid("opts is an object, with the options by BullMQ's own names.")
    is_new = mode == "create"
    return Wanted(
        Timing(
            pattern=_text(fields, "pattern"),
            every=number(fields, "every"),
            tz=_text(fields, "tz"),
            start=number(fields, "startDate"),
            end=number(fields, "endDate"),
            limit=number(fields, "limit"),
            offset=number(fields, "offset"),
        ),
        name=_text(fields, "name"),
        data=data if data is not None or not is_new else "{}",
        options=options if options is not None or not is_new else {},
        own_id=_text(fields, "jobId") or "",
        immediately=flag(fields, "immediately"),
        mode=mode,
    )


def _text(fields: Mapping[str, Any], name: str) -> str | None:
    value = fields.get(name)
    if value is not None and not isinstance(value, str):
        raise Invalid(f"{name} is a text.")
    return value or None


_PAGE = (WORDS, LIMIT, CURSOR)
_SCHEDULE = Permission.SCHEDULE
CALLS = (
    Call(
        "GET",
        "/schedulers",
        schedulers,
        "SchedulerPage",
        "Schedulers of all queues",
        Permission.VIEW,
        _PAGE,
        ("unavailable",),
        costs=Cost.HEAVY,
    ),
    Call("GET", SCHEDULERS, schedulers_of_queue, "SchedulerPage", "A queue's schedulers", Permission.VIEW, _PAGE),
    Call("GET", SCHEDULER, scheduler, "Scheduler", "One scheduler in full", Permission.VIEW),
    Call(
        "GET",
        PREVIEW,
        preview_schedule,
        "SchedulerPreview",
        "What a timing would mean: in words, and its next five runs",
        Permission.VIEW,
        (PATTERN, EVERY, TZ),
    ),
    Call("POST", SCHEDULERS, make_scheduler, "Outcome", "Make a scheduler", _SCHEDULE, (), ACTING, "NewScheduler"),
    Call("PUT", SCHEDULER, change_scheduler, "Outcome", "Change a scheduler", _SCHEDULE, (), ACTING, "SchedulerChange"),
    Call("DELETE", SCHEDULER, remove_scheduler, "Outcome", "Remove a scheduler", _SCHEDULE, (), ACTING),
    Call("POST", f"{SCHEDULER}/run", run_scheduler, "Outcome", "Run a scheduler's job now", _SCHEDULE, (), ACTING),
)
