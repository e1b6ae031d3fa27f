"""Bulk work: previewed, started, watched, held, cancelled."""

from __future__ import annotations

from typing import Any

from core.errors import Invalid, Unsupported
from core.model import STATES, QueueId, State
from core.operations.request import FLAGS, NUMBERS, Action, Options, Request
from dashboard.api.asked import Asked
from dashboard.api.bodies import read_body
from dashboard.api.fields import check_known, flag, number, word
from dashboard.api.operation_schemas import LONGEST_PATTERN, LONGEST_REASON, MOST_QUEUES
from dashboard.api.operation_shapes import operation as shown
from dashboard.api.operation_shapes import operation_row
from dashboard.api.shapes import Json
from dashboard.urls import decode_part, queue_of_href

FIELDS = ("action", "queues", "matching", "state", "q", "options", "reason", "dry_run")
# Room for the hrefs of as many queues as may be named.
LARGEST = 1024 * 1024


async def operations(asked: Asked) -> Json:
    """All that are remembered, newest first."""
    return {"operations": [operation_row(asked.base, one) for one in asked.herd.operations.list()]}


async def operation(asked: Asked) -> Json:
    """How one stands."""
    return shown(asked.base, await asked.herd.operations.find(_id(asked)))


async def start_operation(asked: Asked) -> Json:
    """Preview it, and unless that is all that was asked, begin."""
    fields = await read_body(asked.request, LARGEST)
    request = _request(asked, fields)
    begin = asked.herd.operations.preview if flag(fields, "dry_run") else asked.herd.operations.start
    return shown(asked.base, await begin(request))


async def pause_operation(asked: Asked) -> Json:
    """Hold it before its next slice."""
    return shown(asked.base, asked.herd.operations.pause(await _known(asked)))


async def resume_operation(asked: Asked) -> Json:
    """Go on, or begin what was previewed."""
    return shown(asked.base, asked.herd.operations.resume(await _known(asked)))


async def cancel_operation(asked: Asked) -> Json:
    """End it; what is done stays done."""
    return shown(asked.base, asked.herd.operations.cancel(await _known(asked)))


async def _known(asked: Asked) -> str:
    """The operation that the path names, if another Tickbird previewed it a moment ago too."""
    return (await asked.herd.operations.find(_id(asked))).id


def _id(asked: Asked) -> str:
    return decode_part(asked.request.path_params["operation_id"])


def _request(asked: Asked, fields: dict[str, Any]) -> Request:
    check_known(fields, FIELDS)
    if fields.get("q"):
        raise Unsupported("Bulk work on a search is not supported yet.", "Name a state, and leave `q` out.")
    state = fields.get("state")
    return Request(
        action=word(Action, "action", fields.get("action"), Action),
        queues=_queues(asked.base, fields.get("queues")),
        state=None if state is None else word(State, "state", state, STATES),
        options=_options(fields.get("options")),
        reason=_reason(fields.get("reason", "")),
        by=str(asked.request.scope.get("user") or ""),
        matching=_matching(fields.get("matching", "")),
    )


def _queues(base: str, said: object) -> tuple[QueueId, ...] | None:
    if said == "all":
        return None
    if not isinstance(said, list) or not all(isinstance(href, str) for href in said):
        raise Invalid('queues is "all" or a list of hrefs.', "Each queue of GET /queues has one.")
    if len(said) > MOST_QUEUES:
        raise Invalid(f"queues are at most {MOST_QUEUES:,}.", 'Say "all", or ask in parts.')
    return tuple(queue_of_href(base, href) for href in said)


def _options(said: object) -> Options:
    if said is None:
        return Options()
    if not isinstance(said, dict):
        raise Invalid("options is an object.")
    check_known(said, (*NUMBERS, *FLAGS))
    return Options(
        grace=number(said, "grace") or 0,
        limit=number(said, "limit"),
        keep=number(said, "keep") or 0,
        delayed=flag(said, "delayed"),
        reset_attempts=flag(said, "reset_attempts"),
        force=flag(said, "force"),
    )


def _matching(said: object) -> str:
    if not isinstance(said, str) or len(said) > LONGEST_PATTERN:
        raise Invalid(f"matching is a text of at most {LONGEST_PATTERN:,} characters, such as email*.")
    return said


def _reason(said: object) -> str:
    if not isinstance(said, str) or len(said) > LONGEST_REASON:
        raise Invalid(f"reason is a text of at most {LONGEST_REASON:,} characters.")
    return said
