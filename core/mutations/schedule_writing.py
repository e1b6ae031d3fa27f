"""A scheduler as the scripts write it: from what is wanted to the words of its queue's library. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from core.dialects.since import at_least
from core.model import Dialect, Queue
from core.mutations.act import Option
from core.mutations.job_options import placed
from core.mutations.schedule_form import Form
from core.schedulers.keys import digest, iterations_of, key_of
from core.schedulers.scheduler import Head, Timing

_DEDUPLICATION = ("de", "deduplication")
Mode = Literal["create", "edit", "any"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A scheduler as somebody wants it. `name`, `data` (JSON text) and `options` (BullMQ's own words) stay as
    they are where None. `own_id` tells a new repeatable from others alike. `immediately`: a pattern runs once now."""

    timing: Timing
    name: str | None = None
    data: str | None = None
    options: Mapping[str, Any] | None = None
    own_id: str = ""
    immediately: bool = False
    mode: Mode = "any"


@dataclass(frozen=True, slots=True)
class Draft:
    """What is about to be written, in which form, in place of what, to run first when; what was not said filled in."""

    queue: Queue
    form: Form
    head: Head | None
    wanted: Wanted
    due: int
    now: int


def own_options(wanted: Wanted) -> dict[str, Any]:
    """The options but for deduplication, which is the library's own business."""
    return {name: value for name, value in (wanted.options or {}).items() if name not in _DEDUPLICATION}


def scheduler_arguments(draft: Draft, key: str) -> tuple[Option, ...]:
    """What `upsert_scheduler.lua` takes, its id last."""
    wanted, timing, name = draft.wanted, draft.wanted.timing, draft.wanted.name or key
    place = placed(draft.queue.identity, own_options(wanted), draft.now)
    options = _template_options(wanted, place.stored)
    wish = {
        "name": name,
        "prefix": f"repeat:{key}",
        "mode": wanted.mode,
        "next": draft.due,
        "every": timing.every,
        "start": timing.start,
        "offset": timing.offset or 0,
        "priority": place.priority,
        "lifo": "1" if place.lifo else "0",
        "dated": 1 if timing.every is None else None,
    }
    repetition = {"count": 1, **_spoken(timing, ("pattern", "every", "tz", "limit", "startDate", "endDate"))}
    head = {**options, "timestamp": draft.now, "repeatJobKey": key}
    opened = _json(head)[:-1] + ',"repeat":' + _json(repetition)[:-1]
    fields = [part for pair in _spoken(timing, _HASHED).items() for part in map(str, pair)]
    told, prefix = _json(options) if options else "", _json(f"repeat:{key}")[:-1]
    return (_json(_given(wish)), wanted.data or "{}", told, opened, prefix, _claim(options), *fields, key)


def repeatable_arguments(draft: Draft) -> tuple[Option, ...]:
    """What `upsert_repeatable.lua` takes, the id of its next job last."""
    wanted, head, form, due = draft.wanted, draft.head, draft.form, draft.due
    identity, timing, name = draft.queue.identity, wanted.timing, wanted.name or ""
    own_id = wanted.own_id or (head.own_id if head else "")
    legacy = key_of(identity.dialect, name, own_id, timing)
    key = digest(legacy) if form is Form.HASHED else legacy
    prefix = f"repeat:{key}" if form is Form.HASHED else iterations_of(identity.dialect, name, own_id, key)
    place = placed(identity, own_options(wanted), draft.now)
    is_bull = identity.dialect is Dialect.BULL
    word = "cron" if is_bull or _takes_cron(draft.queue) else "pattern"
    repetition = {"count": 1, **({"key": key} if is_bull else {}), **_spoken(timing, _REPEATED, word)}
    iteration = {
        **json.loads(place.stored),
        "repeat": {**repetition, **({"jobId": own_id} if own_id else {})},
        "jobId": f"{prefix}:{due}",
        "delay": max(0, due - draft.now),
        "timestamp": draft.now,
        "prevMillis": due,
    }
    wish = {
        "old": head.key if head else None,
        "old_prefix": head.prefix if head else None,
        "key": key,
        "name": name,
        "next": due,
        "priority": place.priority,
        "lifo": "1" if place.lifo else "0",
        "rjk": None if is_bull else 1,
    }
    fields = [part for pair in _spoken(timing, _OF_HASHED).items() for part in map(str, pair)]
    hashed = ["name", name, *fields] if form is Form.HASHED else []
    return (_json(_given(wish)), wanted.data or "{}", _json(iteration), *hashed, f"{prefix}:{due}")


_HASHED = ("tz", "limit", "pattern", "startDate", "endDate", "every")
_OF_HASHED = ("tz", "pattern", "endDate", "every")
_REPEATED = ("pattern", "every", "tz", "limit", "startDate", "endDate")


def _spoken(timing: Timing, wanted: tuple[str, ...], pattern: str = "pattern") -> dict[str, int | str]:
    """The timing in the library's words."""
    said = {
        "pattern": timing.pattern,
        "every": timing.every,
        "tz": timing.tz,
        "limit": timing.limit,
        "startDate": timing.start,
        "endDate": timing.end,
    }
    named = {pattern if name == "pattern" else name: said[name] for name in wanted}
    return {name: value for name, value in named.items() if value is not None}


def _takes_cron(queue: Queue) -> bool:
    """The word that all of BullMQ 1 to 5 understand, where it is not known to be so late as to have another."""
    return queue.identity.dialect is Dialect.MQ_LIST and not at_least(queue.identity, 3)


def _template_options(wanted: Wanted, stored: str) -> dict[str, Any]:
    """As the library stores a template's options: those that were given, under its short words."""
    options: dict[str, Any] = json.loads(stored)
    given = wanted.options or {}
    if "attempts" not in given:
        options.pop("attempts", None)
    if claim := next((given[name] for name in _DEDUPLICATION if name in given), None):
        options["de"] = claim
    return options


def _claim(options: Mapping[str, Any]) -> str:
    claim = options.get("de")
    id = claim.get("id") if isinstance(claim, dict) else None
    return id if isinstance(id, str) else ""


def _given(wish: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in wish.items() if value is not None}


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
