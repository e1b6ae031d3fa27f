"""A new job's options: from BullMQ's own words to what this queue's version of its library writes. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from core.dialects.contract import contract
from core.dialects.since import at_least
from core.errors import Invalid, Unsupported
from core.model import Dialect, Identity, State
from core.mutations.job_ids import custom_id
from core.mutations.written import plain_text

# Scripts decode options on their way, and look away from longer ones.
OPTIONS_LIMIT = 60_000
# A delayed score is the due time times 4,096: later than this (September 2039) it is no exact number any more.
LAST_DUE = 2**53 // 4096 - 1
# The score of a prioritised job has 21 bits for it; in a list there is no such bound, but Bull's own documented one.
LAST_PRIORITY = 2**21 - 1
LAST_PRIORITY_IN_LIST = 2**31 - 1

_FIRST = {Dialect.BULL: (3,), Dialect.MQ_LIST: (1,), Dialect.MQ4: (4,), Dialect.MQ5: (5,)}
# What BullMQ shortens when it stores options, and since when. Every version reads the long words as well.
_SHORT: dict[str, tuple[str, tuple[int, ...]]] = {
    "failParentOnFailure": ("fpof", (2, 1)),
    "keepLogs": ("kl", (3, 6)),
    "removeDependencyOnFailure": ("rdof", (4, 4)),
    "ignoreDependencyOnFailure": ("idof", (5, 2)),
    "continueParentOnFailure": ("cpof", (5, 47)),
}
_ALWAYS: tuple[int, ...] = ()
_TELEMETRY_SINCE = (5, 22)
_OF_TELEMETRY = {"metadata": "tm", "omitContext": "omc"}
_NOT_HERE = {
    "parent": "A child is added together with its parent, by its application's flow producer.",
    "repeat": "A repetition is set up by its application; here, add the job once.",
    "repeatJobKey": "Only a scheduler makes its own iterations; here, add the job once.",
    "prevMillis": "Only a scheduler makes its own iterations; here, add the job once.",
    "deduplication": "Deduplication is the library's own work: let the application add it, or leave that option out.",
    "debounce": "Debouncing is the library's own work: let the application add it, or leave that option out.",
    "de": "Deduplication is the library's own work: let the application add it, or leave that option out.",
}


@dataclass(frozen=True, slots=True)
class Placed:
    """A new job's options as they are stored, and what its place depends on. Times in ms; `job_id` is "" where the
    library gives the next number; `due` is 0 unless the job is delayed."""

    stored: str
    job_id: str
    made: int
    delay: int
    due: int
    priority: int
    lifo: bool


def placed(identity: Identity, options: Mapping[str, object], now: int) -> Placed:
    """Invalid for an option that makes no sense, Unsupported for one that only its application can honour."""
    given: dict[str, Any] = {name: value for name, value in options.items() if value is not None}
    for name in given.keys() & _NOT_HERE.keys():
        raise Unsupported(f"A job with the option {name} cannot be added here.", _NOT_HERE[name])
    for name in given.keys() & _CHECKS.keys():
        given[name] = _CHECKS[name](name, given[name])
    check_priority(identity, given.get("priority", 0))
    if "jobId" in given:
        given["jobId"] = custom_id(identity, given["jobId"])
    made, delay = given.get("timestamp", now), check_delay(given.get("delay", 0))
    return Placed(
        stored=_stored(identity, given, made),
        job_id=given.get("jobId", ""),
        made=made,
        delay=delay,
        due=_due(made, delay),
        priority=given.get("priority", 0),
        lifo=given.get("lifo", False),
    )


def check_priority(identity: Identity, priority: int) -> int:
    """The priority itself; Invalid unless it is one that this library keeps in order."""
    last = last_priority(identity)
    if type(priority) is not int or not 0 <= priority <= last:
        raise Invalid(f"A priority is a whole number from 0, for none, to {last:,}.", "Smaller is sooner.")
    return priority


def last_priority(identity: Identity) -> int:
    """The largest that this library keeps in order."""
    in_list = State.PRIORITIZED not in contract(identity).states
    return LAST_PRIORITY_IN_LIST if in_list else LAST_PRIORITY


def check_delay(delay: int) -> int:
    """The delay itself; Invalid unless it is in ms and not so long that no library can keep it."""
    if type(delay) is not int or not 0 <= delay <= LAST_DUE:
        raise Invalid("A delay is a whole number of milliseconds, and not longer than until 2039.")
    return delay


def _due(made: int, delay: int) -> int:
    if made + delay > LAST_DUE:
        raise Invalid("A job cannot be due after September 2039: the libraries' scores are not exact from then on.")
    return made + delay if delay else 0


def _stored(identity: Identity, given: Mapping[str, Any], made: int) -> str:
    text = json.dumps(_as_written(identity, given, made), ensure_ascii=False, separators=(",", ":"))
    return plain_text("The options together", text, OPTIONS_LIMIT)


def _as_written(identity: Identity, given: Mapping[str, Any], made: int) -> dict[str, Any]:
    if identity.dialect is Dialect.BULL:
        return {"attempts": 1, "delay": 0, "timestamp": made, **given}
    defaults = {"attempts": 0} if identity.dialect is Dialect.MQ5 else {"attempts": 0, "delay": 0}
    return {**defaults, **dict(_shortened(identity, given))}


def _shortened(identity: Identity, given: Mapping[str, Any]) -> list[tuple[str, Any]]:
    pairs: list[tuple[str, Any]] = []
    for name, value in given.items():
        short, since = _SHORT.get(name, (name, _ALWAYS))
        if name == "telemetry" and _is_since(identity, _TELEMETRY_SINCE) and isinstance(value, dict):
            pairs += [(_OF_TELEMETRY.get(str(part), str(part)), each) for part, each in value.items()]
        else:
            pairs.append((short if _is_since(identity, since) else name, value))
    return pairs


def _is_since(identity: Identity, since: tuple[int, ...]) -> bool:
    """Where no version is known, as in the first of its layout, whose words all others read."""
    known = at_least(identity, *since)
    return _FIRST[identity.dialect] >= since if known is None else known


def _whole(name: str, value: object) -> int:
    """Whole numbers come as 5 or, through JSON of other makers, as 5.0."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if type(value) is not int or not 0 <= value <= 2**53:
        raise Invalid(f"The option {name} is a whole number from 0.")
    return value


def _flag(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise Invalid(f"The option {name} is true or false.")
    return value


def _backoff(name: str, value: object) -> dict[str, Any]:
    """A number is a fixed delay, as the libraries have it."""
    if isinstance(value, int | float):
        return {"type": "fixed", "delay": _whole(name, value)}
    if not isinstance(value, Mapping) or not isinstance(value.get("type"), str):
        raise Invalid(f"The option {name} is a number of milliseconds, or an object with a type and a delay.")
    return {**value, **({"delay": _whole(f"{name}.delay", value["delay"])} if "delay" in value else {})}


def _kept(name: str, value: object) -> object:
    if isinstance(value, bool):
        return value
    if isinstance(value, Mapping):
        return {part: _whole(f"{name}.{part}", each) for part, each in value.items()}
    return _whole(name, value)


_CHECKS: dict[str, Callable[[str, object], Any]] = {
    **dict.fromkeys(("delay", "priority", "attempts", "timestamp", "keepLogs", "stackTraceLimit", "sizeLimit"), _whole),
    "lifo": _flag,
    "backoff": _backoff,
    "removeOnComplete": _kept,
    "removeOnFail": _kept,
}
