"""The OpenAPI 3.1 document, made from the table of calls and the schemas."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from core.settings import Settings
from dashboard.api.parameters import Parameter
from dashboard.api.schema_words import ref
from dashboard.api.schemas import SCHEMAS
from dashboard.refusals import PROBLEM, STATUSES, TITLES

if TYPE_CHECKING:
    from dashboard.api.call import Call

Json = dict[str, Any]
API_VERSION = "1.0"
_ABOUT = (
    "Watches and operates Bull and BullMQ queues. In a path every part is written with `~` as `~0` and `/` as `~1` "
    "(a part that is `.`, `..` or empty as `~.`, `~..` or `~`), then percent-encoded; better, follow `href`. A call "
    "that changes something says where it comes from: a browser does so itself, a program sends `Origin: http://HOST` "
    "with the host of the URL it calls."
)
_PARTS = {
    "instance": "The configured name of the Redis.",
    "prefix": "The prefix of the queue's keys.",
    "name": "The queue's name.",
    "scheduler_key": "A scheduler's key; as in `href`.",
    "job_id": "The job's id.",
    "removal_id": "The id of the operation that removed jobs.",
    "group": "The key of a group of like failures.",
    "operation_id": "The operation's id.",
    "search_id": "The search's id.",
    "view_id": "The saved view's id.",
    "deduplication_id": "The deduplication id that a job was added with.",
}


def document(calls: Sequence[Call], settings: Settings) -> Json:
    """The whole document; servers and login as they are configured."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Tickbird", "version": API_VERSION, "description": _ABOUT},
        "servers": [{"url": f"{settings.base_path}/api"}],
        "security": [{"basic": []}] if settings.login else [],
        "paths": {path: _path([c for c in calls if c.path == path]) for path in dict.fromkeys(c.path for c in calls)},
        "components": {
            "schemas": dict(SCHEMAS),
            "responses": {**{code: _refusal(title) for code, title in TITLES.items()}, "other": _refusal("Refused")},
            "securitySchemes": {"basic": {"type": "http", "scheme": "basic"}},
        },
    }


def _path(calls: Sequence[Call]) -> Json:
    names = re.findall(r"{(\w+)}", calls[0].path)
    parts = [_in_path(name) for name in names]
    return {**({"parameters": parts} if parts else {}), **{call.method.lower(): _operation(call) for call in calls}}


def _in_path(name: str) -> Json:
    schema = {"type": "string", "pattern": r"^(([^~/]|~[01])+|~\.{0,2})$"}
    return {"name": name, "in": "path", "required": True, "description": _PARTS[name], "schema": schema}


def _operation(call: Call) -> Json:
    answer = {"description": call.summary, "content": {media: _content(call, media) for media in _media(call)}}
    return {
        "operationId": call.answer.__name__,
        "summary": call.summary,
        "parameters": [_in_query(parameter) for parameter in call.parameters],
        **({"requestBody": _body(call.body)} if call.body else {}),
        "responses": {"200": answer, **_refusals(call)},
    }


def _media(call: Call) -> tuple[str, ...]:
    if not call.streams:
        return ("application/json",)
    tabled = any("csv" in parameter.schema.get("enum", ()) for parameter in call.parameters)
    return ("application/x-ndjson", "text/csv") if tabled else ("application/x-ndjson",)


def _content(call: Call, media: str) -> Json:
    return {"schema": {"type": "string"} if media == "text/csv" else ref(call.shape)}


def _body(shape: str) -> Json:
    needed = any(word in SCHEMAS[shape] for word in ("required", "anyOf", "minProperties"))
    return {"required": needed, "content": {"application/json": {"schema": ref(shape)}}}


def _in_query(parameter: Parameter) -> Json:
    return {
        "name": parameter.name,
        "in": "query",
        "required": parameter.required,
        "description": parameter.about,
        "schema": dict(parameter.schema),
    }


def _refusals(call: Call) -> Json:
    coded = {str(int(STATUSES[code])): _answered(code) for code in call.refused_with}
    return {**coded, "default": _answered("other")}


def _answered(name: str) -> Json:
    return {"$ref": f"#/components/responses/{name}"}


def _refusal(title: str) -> Json:
    return {"description": title, "content": {PROBLEM: {"schema": ref("Problem")}}}
