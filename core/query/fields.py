"""The words that a query knows: what each is compared with, and what it costs to know."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum


class Kind(StrEnum):
    """How a value is read: `whole` texts fit from end to end, of a `part` text any part may fit."""

    WHOLE = "whole"
    EXACT = "exact"
    PART = "part"
    STATE = "state"
    NUMBER = "number"
    SPAN = "span"
    INSTANT = "instant"
    JSON = "json"


class Cost(IntEnum):
    """What has to be read for it, from nothing at all to the log lines of a job."""

    KNOWN = 0
    SMALL = 1
    LARGE = 2
    APART = 3


@dataclass(frozen=True, slots=True)
class Field:
    """`reads` names the fields of the job's hash that it takes; `says` explains it in a few words."""

    kind: Kind
    cost: Cost
    says: str
    reads: tuple[bytes, ...] = ()


FIELDS = {
    "queue": Field(Kind.WHOLE, Cost.KNOWN, "the queue's name, or instance/prefix/name"),
    "state": Field(Kind.STATE, Cost.KNOWN, "the state it is in"),
    "id": Field(Kind.EXACT, Cost.KNOWN, "the job's id"),
    "name": Field(Kind.WHOLE, Cost.SMALL, "the job's name", (b"name",)),
    "attempts": Field(Kind.NUMBER, Cost.SMALL, "attempts made", (b"attemptsMade", b"atm")),
    "priority": Field(Kind.NUMBER, Cost.SMALL, "its priority, 1 before 2", (b"priority",)),
    "age": Field(Kind.SPAN, Cost.SMALL, "time since it was added", (b"timestamp",)),
    "wait": Field(Kind.SPAN, Cost.SMALL, "time until its last run began, or until now", (b"timestamp", b"processedOn")),
    "run": Field(Kind.SPAN, Cost.SMALL, "length of its last run, or so far", (b"processedOn", b"finishedOn")),
    "added": Field(Kind.INSTANT, Cost.SMALL, "when it was added", (b"timestamp",)),
    "started": Field(Kind.INSTANT, Cost.SMALL, "when its last run began", (b"processedOn",)),
    "finished": Field(Kind.INSTANT, Cost.SMALL, "when it completed or failed", (b"finishedOn",)),
    "due": Field(Kind.INSTANT, Cost.SMALL, "when a delayed job becomes ready"),
    "worker": Field(Kind.WHOLE, Cost.SMALL, "the worker that ran it", (b"pb",)),
    "parent": Field(Kind.EXACT, Cost.SMALL, "its parent's id or key", (b"parentKey",)),
    "scheduler": Field(Kind.WHOLE, Cost.SMALL, "the scheduler that made it", (b"rjk",)),
    "reason": Field(Kind.PART, Cost.LARGE, "why it failed", (b"failedReason",)),
    "group": Field(
        Kind.EXACT, Cost.LARGE, "the group of like failures it is in", (b"name", b"failedReason", b"stacktrace")
    ),
    "data": Field(Kind.JSON, Cost.LARGE, "its data, or a path into it: data.user.id", (b"data",)),
    "opts": Field(Kind.JSON, Cost.LARGE, "its options, or a path into them", (b"opts",)),
    "result": Field(Kind.JSON, Cost.LARGE, "what it returned, or a path into that", (b"returnvalue",)),
    "progress": Field(Kind.JSON, Cost.SMALL, "its progress, or a path into it", (b"progress",)),
    "log": Field(Kind.PART, Cost.APART, "a line that it logged"),
}
# A free word is looked for in these.
FREE = ("id", "name", "data", "reason")


def cost(field: str) -> Cost:
    """What it costs to decide a term on this field; a free word may need the largest of its fields."""
    return FIELDS[field].cost if field else max(FIELDS[name].cost for name in FREE)


def reads(field: str) -> tuple[bytes, ...]:
    """The fields of the job's hash that a term on this field takes."""
    names = (field,) if field else FREE
    return tuple(dict.fromkeys(raw for name in names for raw in FIELDS[name].reads))
