"""The calls that answer with events, a line each: of all queues, or of one."""

from __future__ import annotations

from starlette.responses import Response

from core.errors import Invalid
from core.feed.event import KINDS, OTHER
from core.feed.wanted import Wanted
from core.model import QueueId
from core.permission import Permission
from dashboard import feed
from dashboard.api.asked import Asked
from dashboard.api.call import READING, Call
from dashboard.api.parameters import Parameter
from dashboard.api.schema_words import ANYTHING, COUNT, INSTANT, TEXT, Schema, list_of, map_of, maybe
from dashboard.budgets import Cost
from dashboard.desk import desk_of
from dashboard.urls import QUEUE

_SHORT = {"type": "string", "maxLength": 512, "default": ""}
PARAMETERS = (
    Parameter("kinds", "Only events of these kinds, with commas between.", _SHORT),
    Parameter("queue", "Only queues whose names fit; `*` stands for anything.", _SHORT),
    Parameter("job", "Only events of the job of this id.", _SHORT),
    Parameter("name", "Only events of jobs whose names fit; `*` stands for anything.", _SHORT),
    Parameter("since", "Go on after the event of this id.", {"type": "string", "maxLength": 64}),
    Parameter("follow", "Stay, and go on as events come.", {"type": "boolean", "default": True}),
)
# A line of ours (`gap`, `end`) says `reason` and `missed` instead of what happened.
FEED_SCHEMAS: dict[str, Schema] = {
    "Event": {
        "type": "object",
        "description": "One event; or `gap` or `end`, which say what is missing and why.",
        "required": ["event"],
        "properties": {
            "id": {**maybe(TEXT), "description": "To go on from; null where it is from before anybody looked."},
            "at": INSTANT,
            "event": TEXT,
            "instance": TEXT,
            "prefix": TEXT,
            "queue": TEXT,
            "job": maybe(TEXT),
            "name": maybe(TEXT),
            "fields": {**map_of(ANYTHING), "description": "The event's own, such as `progress` or `failedReason`."},
            "cut": {**list_of(TEXT), "description": "The fields of which only the beginning is there."},
            "reason": TEXT,
            "missed": maybe(COUNT),
        },
    }
}


async def events(asked: Asked) -> Response:
    """The events of all queues."""
    return await _lines(asked, None)


async def queue_events(asked: Asked) -> Response:
    """The events of one queue."""
    return await _lines(asked, asked.herd.queue(asked.queue).id)


async def _lines(asked: Asked, of: QueueId | None) -> Response:
    query = asked.query
    wanted = Wanted(_kinds(query["kinds"]), of, query["queue"], query["job"], query["name"])
    if query["follow"]:
        return feed.followed(desk_of(asked.request), wanted, query["since"])
    return await feed.kept(asked.herd.feed, wanted, query["since"])


def _kinds(said: str) -> frozenset[str]:
    kinds = frozenset(filter(None, said.split(",")))
    if strange := kinds - {*KINDS, OTHER}:
        raise Invalid(f"There is no event {min(strange)!r:.60}.", f"There are {', '.join((*KINDS, OTHER))}.")
    return kinds


CALLS = (
    Call(
        "GET",
        "/events",
        events,
        "Event",
        "What happens in all queues",
        Permission.VIEW,
        PARAMETERS,
        streams=True,
        costs=Cost.FEED,
    ),
    Call(
        "GET",
        f"{QUEUE}/events",
        queue_events,
        "Event",
        "What happens in a queue",
        Permission.VIEW,
        PARAMETERS,
        READING,
        streams=True,
        costs=Cost.FEED,
    ),
)
