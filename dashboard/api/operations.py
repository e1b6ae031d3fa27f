"""Bulk work: previewed, started, watched, held, cancelled."""

from __future__ import annotations

from typing import Any

from core.errors import Invalid
from core.model import STATES, QueueId, State
from core.operations.operation import Operation
from core.operations.request import FLAGS, NUMBERS, Action, Options, Request
from dashboard.api.asked import Asked
from dashboard.api.bodies import read_body
from dashboard.api.fields import check_known, flag, number, word
from dashboard.api.operation_schemas import LONGEST_PATTERN, LONGEST_REASON, MOST_QUEUES
from dashboard.api.operation_shapes import operation as shown
from dashboard.api.operation_shapes import operation_row, skip_page
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
    fields, known = await _told(asked, ("reason",)), await _known(asked)
    told = asked.herd.operations.pause(known.id, by=_by(asked), reason=_reason(fields.get("reason", "")))
    return shown(asked.base, told)


async def resume_operation(asked: Asked) -> Json:
    """Go on, or begin what was previewed: with its scope as the preview signed it, where that was of a query."""
    fields, known = await _told(asked, ("scope", "reason")), await _known(asked)
    scope = fields.get("scope")
    if scope is not None and not isinstance(scope, str):
        raise Invalid("scope is the text that the preview answered.")
    reason = _reason(fields.get("reason", ""))
    told = asked.herd.operations.resume(known.id, scope=scope, by=_by(asked), reason=reason)
    return shown(asked.base, told)


async def cancel_operation(asked: Asked) -> Json:
    """End it; what is done stays done."""
    known, reason = await _known(asked), asked.query["reason"] or ""
    return shown(asked.base, asked.herd.operations.cancel(known.id, by=_by(asked), reason=reason))


async def skipped(asked: Asked) -> Json:
    """What was left alone, one by one."""
    known, sheet = await _known(asked), asked.query["sheet"]
    page = await asked.herd.operations.skipped(known.id, sheet)
    return skip_page(asked.base, known, page)


async def _told(asked: Asked, known: tuple[str, ...]) -> dict[str, Any]:
    fields = await read_body(asked.request)
    check_known(fields, known)
    return fields


def _by(asked: Asked) -> str:
    return str(asked.request.scope.get("user") or "")


async def _known(asked: Asked) -> Operation:
    """The operation that the path names, if another Tickbird previewed it a moment ago too."""
    return await asked.herd.operations.find(_id(asked))


def _id(asked: Asked) -> str:
    return decode_part(asked.request.path_params["operation_id"])


def _request(asked: Asked, fields: dict[str, Any]) -> Request:
    check_known(fields, FIELDS)
    state = fields.get("state")
    return Request(
        action=word(Action, "action", fields.get("action"), Action),
        queues=_queues(asked.base, fields.get("queues")),
        state=None if state is None else word(State, "state", state, STATES),
        options=_options(asked.base, fields.get("options")),
        reason=_reason(fields.get("reason", "")),
        by=_by(asked),
        matching=_matching(fields.get("matching", "")),
        query=_query(fields.get("q", "")),
    )


def _queues(base: str, said: object) -> tuple[QueueId, ...] | None:
    if said == "all":
        return None
    if not isinstance(said, list) or not all(isinstance(href, str) for href in said):
        raise Invalid('queues is "all" or a list of hrefs.', "Each queue of GET /queues has one.")
    if len(said) > MOST_QUEUES:
        raise Invalid(f"queues are at most {MOST_QUEUES:,}.", 'Say "all", or ask in parts.')
    return tuple(queue_of_href(base, href) for href in said)


def _options(base: str, said: object) -> Options:
    if said is None:
        return Options()
    if not isinstance(said, dict):
        raise Invalid("options is an object.")
    check_known(said, (*NUMBERS, *FLAGS, "to"))
    to = said.get("to")
    if to is not None and not isinstance(to, str):
        raise Invalid("to is the href of the queue to which they go.", "Each queue of GET /queues has one.")
    numbers: dict[str, Any] = {name: value for name in NUMBERS if (value := number(said, name)) is not None}
    target = None if to is None else queue_of_href(base, to)
    return Options(**numbers, to=target, **{name: flag(said, name) for name in FLAGS})


def _query(said: object) -> str:
    if not isinstance(said, str):
        raise Invalid("q is a text, such as reason:ECONNRESET.")
    return said


def _matching(said: object) -> str:
    if not isinstance(said, str) or len(said) > LONGEST_PATTERN:
        raise Invalid(f"matching is a text of at most {LONGEST_PATTERN:,} characters, such as email*.")
    return said


def _reason(said: object) -> str:
    if not isinstance(said, str) or len(said) > LONGEST_REASON:
        raise Invalid(f"reason is a text of at most {LONGEST_REASON:,} characters.")
    return said
