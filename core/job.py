"""Jobs as Python values: the light row of a list, and the whole job with everything its library wrote."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.model import QueueId, State


@dataclass(frozen=True, slots=True)
class JobRow:
    """A job as a list shows it: only small fields were read.

    `about` holds two or three telling small fields of its data. `failed_reason` is cut; `data_size` is in bytes,
    None where the job has no data. `missing` marks a ghost: an id in a list whose hash is gone from Redis. `timeout`
    is the option of that name, and `past_timeout` says that the job runs for longer than that.
    """

    id: str
    state: State
    name: str | None = None
    timestamp: int | None = None
    delay: int = 0
    due_at: int | None = None
    priority: int = 0
    attempts_made: int = 0
    attempts: int = 1
    processed_on: int | None = None
    finished_on: int | None = None
    progress: Any = None
    failed_reason: str | None = None
    about: tuple[tuple[str, str], ...] = ()
    data_size: int | None = None
    stalled: int = 0
    worker: str | None = None
    missing: bool = False
    timeout: int | None = None
    past_timeout: bool = False

    @property
    def took(self) -> int | None:
        """The length of the last finished run; None while it runs, or before."""
        return _between(self.processed_on, self.finished_on)

    @property
    def percent(self) -> float | None:
        """Progress as 0 to 100, where it says such a thing: a number, or an object's `percent` or `progress`."""
        return percent_of(self.progress)


def _between(start: int | None, end: int | None) -> int | None:
    return max(0, end - start) if start is not None and end is not None else None


def percent_of(progress: Any) -> float | None:
    """A number, or the `percent`, `percentage` or `progress` of an object, as 0 to 100; else None."""
    if isinstance(progress, dict):
        progress = next((progress[k] for k in ("percent", "percentage", "progress") if k in progress), None)
    if isinstance(progress, bool) or not isinstance(progress, int | float):
        return None
    if isinstance(progress, float) and math.isnan(progress):
        return None
    # Bounded before it becomes a float: a whole number in JSON may be larger than any float.
    return float(min(100, max(0, progress)))


@dataclass(frozen=True, slots=True)
class Covered:
    """What an answer looked at: `looked_at` of `total`, and in words where it matters."""

    looked_at: int
    total: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class JobPage:
    """One page of a state. `next` continues where this one ends, and stays right while jobs move."""

    rows: tuple[JobRow, ...]
    next: str | None
    covered: Covered


@dataclass(frozen=True, slots=True)
class Payload:
    """A field that may be large: its text (cut at a limit), its true size in bytes, and its JSON value if whole.
    `redacted`: something was taken out of it that is not for who asks."""

    text: str
    size: int
    cut: bool = False
    value: Any = None
    is_json: bool = False
    redacted: bool = False


@dataclass(frozen=True, slots=True)
class Relative:
    """A parent or child: the queue it lives in (None when that cannot be told from its key), its id and key."""

    key: str
    id: str
    queue: QueueId | None
    status: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Children:
    """How a parent's children stand, with the first of each kind listed in `listed`."""

    pending: int = 0
    processed: int = 0
    ignored: int = 0
    unsuccessful: int = 0
    listed: tuple[Relative, ...] = ()

    @property
    def total(self) -> int:
        return self.pending + self.processed + self.ignored + self.unsuccessful


@dataclass(frozen=True, slots=True)
class Job:
    """One job in full, every field that its library writes, decoded and named as the library names it.

    `row` carries the small fields. `lock` is the time left on its lock, None when nobody holds one.
    `fields` are the remaining fields of the hash as they stand, so nothing is hidden. `ineffective` are options
    that this queue's library ignores, each with the reason.
    """

    row: JobRow
    queue: QueueId
    data: Payload | None
    opts: Payload | None
    returnvalue: Payload | None
    progress: Payload | None
    failed_reason: Payload | None
    stacktrace: tuple[str, ...] = ()
    stack_cut: bool = False
    attempts_started: int | None = None
    stalled_counter: int | None = None
    lock: int | None = None
    parent: Relative | None = None
    children: Children | None = None
    logs: int = 0
    deferred_failure: str | None = None
    deduplication_id: str | None = None
    scheduler: str | None = None
    fields: Mapping[str, Payload] = field(default_factory=dict)
    ineffective: tuple[tuple[str, str], ...] = ()
    state_note: str = ""


@dataclass(frozen=True, slots=True)
class Logs:
    """Some of a job's log lines; `start` is the index of the first of them, `total` how many there are. `redacted`:
    something was taken out of one of them."""

    lines: tuple[str, ...]
    start: int
    total: int
    redacted: bool = False
