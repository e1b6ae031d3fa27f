"""What a dead letter says of the job that it was: read from the shapes in which applications write them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from core.dead_letters.mapping import Mapped

Path = tuple[str, ...]


class Source(StrEnum):
    """How something is known of the original job."""

    RECORDED = "recorded"
    SETTING = "from the settings"
    ORIGINAL = "from the failed job itself"
    GUESSED = "guessed"
    TOLD = "as you said"


@dataclass(frozen=True, slots=True)
class Known:
    """A word, and how it is known."""

    text: str
    source: Source


@dataclass(frozen=True, slots=True)
class Told:
    """What one says. `data` and `options` are paths to where they stand in its own data; `how` names what it was
    recognised by; instants in ms; None where it does not say."""

    how: str
    data: Path
    options: Path | None = None
    queue: Known | None = None
    name: Known | None = None
    original_id: str | None = None
    error: str | None = None
    stack: str | None = None
    attempts: int | None = None
    failed_at: int | None = None


_QUEUE = ("originalQueue", "originalQueueName", "sourceQueue", "fromQueue", "queueName", "queue")
_NAME = ("jobName", "originalJobName", "originalName")
_ID = ("originalJobId", "originalId", "jobId")
_ERROR = ("error", "err", "failedReason", "reason", "errorMessage")
_ATTEMPTS = ("attempts", "attemptsMade", "atm", "attempt")
_FAILED_AT = ("failedAt", "finishedOn", "diedAt", "timestamp")
_OPTIONS = ("originalOpts", "originalOptions", "jobOpts", "jobOptions", "opts", "options")
_WHOLE_JOB = ("originalJob", "failedJob", "job", "original")
_DATA = ("originalData", "jobData", "originalPayload", "jobPayload", "data", "payload")
# These say by themselves that there was a job before; the others need a word of what went wrong beside them.
_PLAIN_ENOUGH = frozenset(("originalJob", "failedJob", "originalData", "jobData", "originalPayload", "jobPayload"))
_EVIDENCE = (*_QUEUE[:4], *_ID[:2], *_ERROR, "failedAt", "diedAt", "attemptsMade")
# All that a job of Bull or BullMQ writes of itself: an object with anything else is somebody's data.
_OF_A_JOB = frozenset(
    (
        *("id", "name", "data", "opts", "options", "progress", "delay", "priority", "timestamp", "attemptsMade"),
        *("attemptsStarted", "failedReason", "stacktrace", "returnvalue", "processedOn", "finishedOn", "retriedOn"),
        *("stalledCounter", "parent", "parentKey", "repeatJobKey", "nextRepeatableJobId", "deduplicationId"),
        *("debounceId", "processedBy", "deferredFailure", "queueQualifiedName", "queueName", "queue", "prefix"),
    )
)
_AFFIX = re.compile(r"^(?:failed|dead|dlq|dead-?letter)[-_:. ]+|[-_:. ]+(?:failed|dead|dlq|dead-?letters?)$", re.I)


def recognise(own_name: str, data: Any, table: Mapped | None) -> Told | None:
    """What a job with this name and these data (a JSON value) says of another; None where it is no dead letter."""
    if not isinstance(data, dict):
        return None
    if table is not None and table.job_data:
        return _by_setting(own_name, data, table)
    for key in (key for key in _WHOLE_JOB if key in data and _is_meant(key, data)):
        inner = data[key]
        if isinstance(inner, dict) and "data" in inner and _OF_A_JOB.issuperset(inner):
            return _filled(own_name, [(data, ()), (inner, (key,))], (key, "data"), table)
        return _filled(own_name, [(data, ())], (key,), table)
    for key in (key for key in _DATA if key in data and _is_meant(key, data)):
        return _filled(own_name, [(data, ())], (key,), table)
    return None


def stripped(name: str) -> str:
    """The name without what says that it failed: `failed-email` was an email."""
    return _AFFIX.sub("", name).strip()


def _is_meant(key: str, data: dict[str, Any]) -> bool:
    said = [word for word in _EVIDENCE if word in data]
    return bool(said) if key in _PLAIN_ENOUGH else len(said) > 1


def _filled(own_name: str, objects: Sequence[tuple[dict[str, Any], Path]], where: Path, table: Mapped | None) -> Told:
    outer = objects[0][0]
    error, stack = _error(next(_found(_ERROR, objects), (None, ()))[0])
    names = [*_found(_NAME, objects), *_found(("name",), objects[1:])]
    queue, name = _text(_found(_QUEUE, objects)), _text(iter(names))
    options = next((path for value, path in _found(_OPTIONS, objects) if isinstance(value, dict)), None)
    return Told(
        how="by its fields " + ", ".join(key for key in outer if key in _ALL)[:200],
        data=where,
        options=options,
        queue=_known(queue, table.to if table else ""),
        name=_known(name, table.name if table else "") or _guess(own_name),
        original_id=_text(_found(_ID, objects)) or _text(_found(("id",), objects[1:])),
        error=error,
        stack=stack,
        attempts=next((n for value, _ in _found(_ATTEMPTS, objects) if (n := _whole(value)) is not None), None),
        failed_at=next((at for value, _ in _found(_FAILED_AT, objects) if (at := instant(value)) is not None), None),
    )


def _by_setting(own_name: str, data: dict[str, Any], table: Mapped) -> Told | None:
    if _at(data, table.job_data) is None:
        return None
    error, stack = _error(_at(data, table.error))
    queue = _at(data, table.original_queue)
    name = _at(data, table.job_name)
    return Told(
        how=f"by the [[dead_letter]] of {table.queue} in the settings",
        data=table.job_data,
        options=table.job_options if isinstance(_at(data, table.job_options), dict) else None,
        queue=_known(_word(queue), table.to),
        name=_known(_word(name), table.name) or _guess(own_name),
        original_id=_word(_at(data, table.original_id)),
        error=error,
        stack=stack,
        attempts=_whole(_at(data, table.attempts)),
        failed_at=instant(_at(data, table.failed_at)),
    )


def _at(data: Any, path: Path) -> Any:
    for name in path:
        data = data.get(name) if isinstance(data, dict) else None
    return data if path else None


def _found(keys: Sequence[str], objects: Sequence[tuple[dict[str, Any], Path]]) -> Iterator[tuple[Any, Path]]:
    """What stands under any of these keys, in their order, with its path."""
    return ((part[key], (*path, key)) for part, path in objects for key in keys if part.get(key) is not None)


def _text(found: Iterator[tuple[Any, Path]]) -> str | None:
    return next((word for value, _ in found if (word := _word(value))), None)


def _word(value: Any) -> str | None:
    if isinstance(value, str):
        return value or None
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None


def _known(recorded: str | None, told: str) -> Known | None:
    if recorded:
        return Known(recorded, Source.RECORDED)
    return Known(told, Source.SETTING) if told else None


def _guess(own_name: str) -> Known | None:
    name = stripped(own_name)
    return Known(name, Source.GUESSED) if name and name != "__default__" else None


def _error(value: Any) -> tuple[str | None, str | None]:
    """Its sentence and its stack."""
    if isinstance(value, dict):
        stack = _word(value.get("stack"))
        named = _word(value.get("message")) or (stack or "").partition("\n")[0] or _word(value.get("name"))
        return named or None, stack
    return _word(value), None


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31 else None


def instant(value: Any) -> int | None:
    """An instant in ms from a number, of ms or seconds, or from a date as JavaScript writes it."""
    if isinstance(value, int | float) and not isinstance(value, bool) and 10**9 <= value < 2**53:
        return int(value) if value >= 10**11 else int(value * 1000)
    if not isinstance(value, str) or len(value) > 40:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


_ALL = frozenset((*_QUEUE, *_NAME, *_ID, *_ERROR, *_ATTEMPTS, *_FAILED_AT, *_OPTIONS, *_WHOLE_JOB, *_DATA))
