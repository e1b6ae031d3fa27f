"""Bulk work: previewed, started, watched, held, cancelled."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from enum import StrEnum
from typing import Any, TypeVar

from core.errors import Invalid, Unsupported
from core.model import STATES, QueueId, State
from core.operations.request import FLAGS, NUMBERS, Action, Options, Request
from dashboard.api.asked import Asked
from dashboard.api.bodies import read_body
from dashboard.api.operation_schemas import LONGEST_REASON, MOST_QUEUES
from dashboard.api.operation_shapes import operation as shown
from dashboard.api.operation_shapes import operation_row
from dashboard.api.shapes import Json
from dashboard.urls import decode_part, queue_of_href

E = TypeVar("E", bound=StrEnum)
FIELDS = ("action", "queues", "state", "q", "options", "reason", "dry_run")
# Room for the hrefs of as many queues as may be named.
LARGEST = 1024 * 1024


async def operations(asked: Asked) -> Json:
    """All that are remembered, newest first."""
    return {"operations": [operation_row(asked.base, one) for one in asked.herd.operations.list()]}


async def operation(asked: Asked) -> Json:
    """How one stands."""
    return shown(asked.base, asked.herd.operations.get(_id(asked)))


async def start_operation(asked: Asked) -> Json:
    """Preview it, and unless that is all that was asked, begin."""
    fields = await read_body(asked.request, LARGEST)
    request = _request(asked, fields)
    begin = asked.herd.operations.preview if _flag(fields, "dry_run") else asked.herd.operations.start
    return shown(asked.base, await begin(request))


async def pause_operation(asked: Asked) -> Json:
    """Hold it before its next slice."""
    return shown(asked.base, asked.herd.operations.pause(_id(asked)))


async def resume_operation(asked: Asked) -> Json:
    """Go on, or begin what was previewed."""
    return shown(asked.base, asked.herd.operations.resume(_id(asked)))


async def cancel_operation(asked: Asked) -> Json:
    """End it; what is done stays done."""
    return shown(asked.base, asked.herd.operations.cancel(_id(asked)))


def _id(asked: Asked) -> str:
    return decode_part(asked.request.path_params["operation_id"])


def _request(asked: Asked, fields: dict[str, Any]) -> Request:
    _check_known(fields, FIELDS)
    if fields.get("q"):
        raise Unsupported("Bulk work on a search is not supported yet.", "Name a state, and leave `q` out.")
    state = fields.get("state")
    return Request(
        action=_word(Action, "action", fields.get("action"), Action),
        queues=_queues(asked.base, fields.get("queues")),
        state=None if state is None else _word(State, "state", state, STATES),
        options=_options(fields.get("options")),
        reason=_reason(fields.get("reason", "")),
        by=str(asked.request.scope.get("user") or ""),
    )


def _check_known(fields: Iterable[str], known: Iterable[str]) -> None:
    for name in set(fields) - set(known):
        near = difflib.get_close_matches(name[:100], list(known), n=1, cutoff=0.0)
        raise Invalid(f"There is no field {name[:100]!r} here.", f"Did you mean {near[0]!r}?")


def _word(kind: type[E], name: str, said: object, choices: Iterable[E]) -> E:
    words = [choice.value for choice in choices]
    if said not in words:
        raise Invalid(f"{name} cannot be {said!r:.100}.", f"It is one of {', '.join(words)}.")
    return kind(str(said))


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
    _check_known(said, (*NUMBERS, *FLAGS))
    return Options(
        grace=_number(said, "grace") or 0,
        limit=_number(said, "limit"),
        keep=_number(said, "keep") or 0,
        delayed=_flag(said, "delayed"),
        reset_attempts=_flag(said, "reset_attempts"),
    )


def _number(said: dict[str, Any], name: str) -> int | None:
    value = said.get(name)
    if value is not None and type(value) is not int:
        raise Invalid(f"{name} is a whole number.")
    return value


def _flag(said: dict[str, Any], name: str) -> bool:
    value = said.get(name, False)
    if not isinstance(value, bool):
        raise Invalid(f"{name} is true or false.")
    return value


def _reason(said: object) -> str:
    if not isinstance(said, str) or len(said) > LONGEST_REASON:
        raise Invalid(f"reason is a text of at most {LONGEST_REASON:,} characters.")
    return said
