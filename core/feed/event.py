"""One event as it is shown: what happened, to which job, and what it says, as far as that may be seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.events.happening import Happening
from core.events.position import Id
from core.model import QueueId
from core.redaction.fields import cleaned, cleaned_text
from core.redaction.redaction import HIDDEN, Redaction
from core.text import json_or_none, raw_bytes, text

# Of what an event carries, so many bytes are kept; the job has the whole.
LONGEST = 2_000
# A job's name or id of this many characters is no name.
LONGEST_NAME = 512
# As a job goes through its queue, and last what happens to the queue itself.
KINDS = (
    *("added", "waiting", "active", "progress", "completed", "failed", "retries-exhausted", "delayed"),
    *("waiting-children", "stalled", "removed", "duplicated", "deduplicated", "debounced"),
    *("drained", "paused", "resumed", "cleaned"),
)
OTHER = "other"
# What events say in fields whose names tell nothing by themselves, in the words of a job.
_WORDS = {b"data": "progress"}
_NESTED = (b"{", b"[")
_PLAIN = frozenset((b"prev", b"delay", b"attemptsMade", b"count", b"deduplicationId", b"deduplicatedJobId"))


@dataclass(frozen=True, slots=True)
class Event:
    """`id` grows by one with each event that was watched; those read from what Redis kept from before have negative
    ones. `said` are the event's own fields, `cut` names those of which only the beginning is there."""

    id: int
    at: int
    queue: QueueId
    kind: str
    job_id: str | None = None
    name: str | None = None
    said: Mapping[str, str] | None = None
    cut: tuple[str, ...] = ()
    mark: Id | None = None

    @property
    def size(self) -> int:
        """About how many bytes it takes to keep it."""
        return 400 + len(self.job_id or "") + len(self.name or "") + sum(map(len, (self.said or {}).values()))

    def value(self, field: str) -> Any:
        """What a field says: JSON where it is whole and JSON, else its text."""
        said = (self.said or {})[field]
        if field in self.cut or field not in ("progress", "returnvalue"):
            return said
        value = json_or_none(raw_bytes(said))
        return said if value is None and said != "null" else value


def event_of(happening: Happening, id: int, hides: Redaction) -> Event:
    """What happened, as it may be shown."""
    said = {_WORDS.get(name, text(name[:64])): _shown(name, raw, hides) for name, raw in _fields(happening).items()}
    return Event(
        id,
        happening.at,
        happening.queue,
        happening.event[:64],
        None if happening.job_id is None else happening.job_id[:LONGEST_NAME],
        None if happening.name is None else happening.name[:LONGEST_NAME],
        {name: text(raw[:LONGEST]) for name, raw in said.items()},
        tuple(name for name, raw in said.items() if len(raw) > LONGEST),
        happening.mark,
    )


def _fields(happening: Happening) -> dict[bytes, bytes]:
    """The fields that say something: a job's name has a place of its own, its data and options are the job's matter."""
    skipped = (b"name", b"data", b"opts") if happening.event == "added" else (b"name",)
    return {name: raw for name, raw in happening.told.items() if name not in skipped}


def _shown(name: bytes, raw: bytes, hides: Redaction) -> bytes:
    if name == b"failedReason":
        return cleaned_text(hides, name, raw)
    if hides.kin is not None:
        raw = hides.kin.of_field(name, raw)
    if not hides.hides or name in _PLAIN:
        return raw
    is_payload = name in (b"data", b"returnvalue")
    if hides.hides_path((text(name),)) or (name == b"data" and hides.hides_path(("progress",))):
        return HIDDEN.encode()
    begins = raw.lstrip()[:1]
    # What only looks like JSON may hold what must not be seen, so what it begins with decides.
    if begins in _NESTED or (begins == b'"' and is_payload):
        return cleaned(hides, b"returnvalue", raw)
    return cleaned_text(hides, name, _unquoted(raw))


def _unquoted(raw: bytes) -> bytes:
    """A text that is a JSON string as it reads: escaped quotes would part a key from its value."""
    value = json_or_none(raw)
    return value.encode("utf-8", "surrogatepass") if isinstance(value, str) else raw
