"""Dead letters as Python values: what each one was, where it came from, and what became of it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

from core.dead_letters.recognise import Known, Told
from core.job import Covered
from core.model import QueueId, State
from core.text import json_or_none, raw_bytes

# What a job that was sent back is called in its queue, so that sending it twice makes one.
PREFIX = "sent-back-"
# The field of a dead letter's hash in which it stands that, where and when it was begun to be sent back.
MARK = "sentBack"


@dataclass(frozen=True, slots=True)
class Mark:
    """That somebody began to send it back: to which queue, as which job, and when. `done`: the job was added."""

    instance: str
    prefix: str
    name: str
    job_id: str
    at: int
    turn: int = 0
    done: bool = False

    @property
    def queue(self) -> QueueId:
        return QueueId(self.instance, self.prefix, self.name)

    def encode(self) -> str:
        fields = (self.instance, self.prefix, self.name, self.job_id, self.at, self.turn, self.done)
        return json.dumps(fields, separators=(",", ":"))


def mark_of(raw: bytes | None) -> Mark | None:
    """The mark in that field; None where there is none, or somebody else wrote there."""
    value = json_or_none(raw)
    if not isinstance(value, list) or list(map(type, value)) != [str, str, str, str, int, int, bool]:
        return None
    return Mark(*value)


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One of them. `told` is what it says, None where it was not recognised as one; `queue` the known queue that it
    came from, `name` its job's name, as far as either is known; `why_not` says why it cannot be sent back as it is.

    `likely_queue` and `likely_name` are what its own name suggests where that is not recorded; `data_size` is in bytes;
    `written` are its own data as they stand, for who sends it back and nobody else.
    """

    id: str
    state: State
    own_name: str
    added: int | None
    data_size: int
    told: Told | None = None
    queue: QueueId | None = None
    queue_said: Known | None = None
    name: Known | None = None
    likely_queue: QueueId | None = None
    likely_name: str = ""
    mark: Mark | None = None
    why_not: str = ""
    raw_mark: bytes = field(default=b"", repr=False)
    written: str = field(default="", repr=False)

    @property
    def needs(self) -> tuple[str, ...]:
        """What a person has to say before it can be sent back: `queue`, `name`."""
        if self.told is None or self.why_not:
            return ()
        return tuple(word for word, known in (("queue", self.queue), ("name", self.name)) if known is None)


@dataclass(frozen=True, slots=True)
class Letters:
    """A page of one state. `next` is where the page after begins, None at the end."""

    letters: tuple[DeadLetter, ...]
    state: State
    covered: Covered
    next: str | None = None


@dataclass(frozen=True, slots=True)
class How:
    """How somebody wants them sent back. `to` and `name` are for those of which it is not recorded; `guesses` takes
    what their own names suggest; `once`: one attempt instead of all anew; `keep`: the dead letter stays; `again`: what
    was sent, or begun to be, before that instant is sent once more."""

    to: QueueId | None = None
    name: str = ""
    guesses: bool = False
    once: bool = False
    keep: bool = False
    again: int | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of one: `sent` now, sent `before`, or `refused`; the job that it is, whether the dead letter `stays`,
    and a sentence."""

    id: str
    code: str
    sentence: str
    queue: QueueId | None = None
    job_id: str | None = None
    stays: bool = True


@dataclass(frozen=True, slots=True)
class Report:
    """What became of some: all of them counted, and told one by one up to a number, the refused ones first of all.

    `left` dead letters are still to be looked at, from `next` on; `trouble` says what stopped it, if anything did.
    """

    results: tuple[Sent, ...]
    sent: int = 0
    before: int = 0
    refused: int = 0
    left: int = 0
    next: str | None = None
    trouble: str = ""


def job_id_for(queue: QueueId, letter: DeadLetter, turn: int) -> str:
    """The id that this dead letter's job always gets: no two of them share one."""
    parts: list[Any] = [raw_bytes(queue.instance), queue.base, raw_bytes(letter.id), str(letter.added).encode()]
    digest = hashlib.sha256(b"\0".join([*parts, str(turn).encode()])).hexdigest()
    return PREFIX + digest[:24]
