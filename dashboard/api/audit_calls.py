"""The audit log as JSON."""

from __future__ import annotations

from dataclasses import fields

from core.access.asker import asker
from core.audit.entry import Ended, Entry, Sought
from core.permission import Permission
from dashboard.api.asked import Asked
from dashboard.api.call import Call
from dashboard.api.parameters import Parameter
from dashboard.api.schema_words import INSTANT, TEXT, WHOLE, Schema, list_of, maybe, object_, one_of, ref
from dashboard.api.shapes import Json
from dashboard.budgets import Cost

MOST = 500


async def audit(asked: Asked) -> Json:
    """The newest entries that are sought."""
    query = asked.query
    sought = Sought(*(query[name] or "" for name in ("who", "verb", "queue", "ended")))
    found = await asked.herd.audit.read(sought, query["limit"], query["cursor"])
    return {
        "entries": [_shape(entry) for entry in found.entries],
        "next": found.next,
        "covered": {"lines": found.looked_at},
    }


def _shape(entry: Entry) -> Json:
    return {**{field.name: getattr(entry, field.name) for field in fields(Entry)}, "above": list(entry.above)}


async def me(_: Asked) -> Json:
    """Who is asking, as this Tickbird knows them."""
    who = asker()
    return {
        "name": who.name,
        "role": who.role,
        "permissions": sorted(who.may),
        "instances": list(who.instances),
        "queues": list(who.queues),
    }


def _word(name: str, about: str) -> Parameter:
    return Parameter(name, about, {"type": "string", "maxLength": 200})


CALLS = (
    Call(
        "GET",
        "/audit",
        audit,
        "Audit",
        "Who did what, and what was denied",
        Permission.AUDIT,
        (
            _word("who", "Only what this person did."),
            _word("verb", "Only this action, such as `retry`."),
            _word("queue", "Only queues whose `instance/prefix/name` has this in it."),
            Parameter("ended", "Only what ended so.", {"type": "string", "enum": [str(ending) for ending in Ended]}),
            Parameter("limit", "The most.", {"type": "integer", "minimum": 1, "maximum": MOST, "default": 100}),
            Parameter("cursor", "`next` of the page before.", {"type": "string", "minLength": 1, "maxLength": 200}),
        ),
        ("unavailable",),
        costs=Cost.HEAVY,
    ),
    Call("GET", "/me", me, "Me", "Who is asking, and what they may do", Permission.VIEW, refusals=()),
)
AUDIT_SCHEMAS: dict[str, Schema] = {
    "Audit": object_(
        "A page of the audit log, newest first.",
        entries=list_of(ref("AuditEntry")),
        next=maybe(TEXT),
        covered=object_("How much of the log was read for it.", lines=WHOLE),
    ),
    "AuditEntry": object_(
        "One act, or an attempt at one.",
        id=TEXT,
        at=INSTANT,
        who=TEXT,
        role=TEXT,
        verb=TEXT,
        queue=TEXT,
        job=TEXT,
        count=maybe(WHOLE),
        reason=TEXT,
        ended=one_of(Ended),
        said=TEXT,
        ended_at=maybe(INSTANT),
        above=list_of(TEXT),
    ),
    "Me": object_(
        "Who is asking. Patterns that are empty stand for everything.",
        name=TEXT,
        role=TEXT,
        permissions=list_of(one_of(Permission)),
        instances=list_of(TEXT),
        queues=list_of(TEXT),
    ),
}
