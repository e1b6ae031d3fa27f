"""What a queue's register of schedulers holds: members in four shapes, and what each calls its iterations.

- a job scheduler (BullMQ 5.16 and later): its id, with a hash; from 5.36 on that counts iterations (`ic`)
- a repeatable of BullMQ 5.10 to 5.81: a digest, or a key that its application chose, with a hash
- of BullMQ up to 5.9: `name:id:endDate:tz:pattern or every`
- of Bull: the same, but `name:id:endDate:every` where it has no pattern
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import replace

from core.model import Dialect, Queue
from core.schedulers.scheduler import Head, Kind, Timing
from core.text import integer, raw_bytes, text

FIELDS = ("name", "every", "pattern", "tz", "limit", "startDate", "endDate", "offset", "ic")
# A name may hold colons; what follows it does not.
_LEGACY = re.compile(r"(?P<name>.*):(?P<id>[^:]*):(?P<end>\d*):(?P<tz>[^:]*):(?P<rest>[^:]*)", re.DOTALL)
_EVERY_OF_BULL = re.compile(r"(?P<name>.*):(?P<id>[^:]*):(?P<end>\d*):(?P<tz>)(?P<rest>\d+)", re.DOTALL)
_DIGEST = re.compile(r"[0-9a-f]{32,128}")
# More of a text is never shown in a list.
LONGEST = 1_000


def head(queue: Queue, member: bytes, score: int, values: Mapping[str, bytes]) -> Head:
    """The member as a value; `values` are those of `FIELDS` that its hash has."""
    key = text(member)
    if values:
        return _hashed(queue, key, score, values)
    return legacy(queue, key, score)


def legacy(queue: Queue, key: str, score: int) -> Head:
    """A member without a hash."""
    is_bull = queue.identity.dialect is Dialect.BULL
    found = (_EVERY_OF_BULL.fullmatch(key) if is_bull else None) or _LEGACY.fullmatch(key)
    if found is None:
        return Head(queue.id, key, Kind.REPEATABLE, key, Timing(), score, f"repeat:{key}", certain=False)
    rest = found["rest"]
    timing = Timing(
        pattern=None if rest.isdecimal() else rest,
        every=int(rest) if rest.isdecimal() and len(rest) < 16 else None,
        tz=found["tz"] or None,
        end=_number(raw_bytes(found["end"])),
    )
    prefix = iterations_of(queue.identity.dialect, found["name"], found["id"], key)
    return Head(queue.id, key, Kind.REPEATABLE, found["name"], timing, score, prefix, found["id"])


def _hashed(queue: Queue, key: str, score: int, values: Mapping[str, bytes]) -> Head:
    numbers = {name: _number(values.get(name)) for name in ("every", "limit", "startDate", "endDate", "offset", "ic")}
    timing = Timing(
        pattern=_said(values, "pattern"),
        every=numbers["every"],
        tz=_said(values, "tz"),
        start=numbers["startDate"],
        end=numbers["endDate"],
        limit=numbers["limit"],
        offset=numbers["offset"],
    )
    counts = numbers["ic"]
    is_scheduler = counts is not None or any(name in values for name in ("data", "opts", "limit", "startDate"))
    kind = Kind.SCHEDULER if is_scheduler else Kind.REPEATABLE
    certain = is_scheduler or _DIGEST.fullmatch(key) is not None or _LEGACY.fullmatch(key) is not None
    ran = None if counts is None else max(0, counts - 1)
    name = _said(values, "name") or key
    return Head(queue.id, key, kind, name, timing, score, f"repeat:{key}", hashed=True, certain=certain, ran=ran)


def others(head: Head, dialect: Dialect) -> tuple[Head, ...]:
    """The same under the other names that its iterations may have: a legacy key that 5.10 gave a hash, or one with more
    colons than its parts need, which libraries take apart from the left."""
    colons = head.key.count(":")
    if head.kind is Kind.SCHEDULER or colons < 2 or (colons <= 4 and not head.hashed):
        return ()
    found, first = _LEGACY.fullmatch(head.key), head.key.split(":")
    ids = dict.fromkeys((found["id"] if found else "", first[1], ""))
    prefixes = [iterations_of(dialect, name, id, head.key) for name in {head.name, first[0]} for id in ids]
    return tuple(replace(head, prefix=prefix) for prefix in dict.fromkeys(prefixes) if prefix != head.prefix)


def iterations_of(dialect: Dialect, name: str, id: str, key: str) -> str:
    """What the ids of a legacy repeatable's iterations begin with."""
    id = (f"{id}:" if id else ":") if dialect is Dialect.BULL else id
    return f"repeat:{_md5(name + id + _md5(key))}"


def key_of(dialect: Dialect, name: str, id: str, timing: Timing) -> str:
    """The member under which a legacy repeatable is registered."""
    end = "" if timing.end is None else str(timing.end)
    if timing.pattern is not None:
        rest = f"{timing.tz or ''}:{timing.pattern}"
    else:
        rest = str(timing.every) if dialect is Dialect.BULL else f"{timing.tz or ''}:{timing.every}"
    return f"{name}:{id}:{end}:{rest}"


def digest(key: str) -> str:
    """What BullMQ 5.10 and later register in its place."""
    return _md5(key)


def _md5(value: str) -> str:
    return hashlib.md5(raw_bytes(value), usedforsecurity=False).hexdigest()


def _number(raw: bytes | None) -> int | None:
    """Whatever no library can have meant is not there."""
    value = integer(raw) if raw is not None and len(raw) < 32 else None
    return value if value is not None and 0 <= value <= 2**53 else None


def _said(values: Mapping[str, bytes], name: str) -> str | None:
    raw = values.get(name)
    return text(raw[:LONGEST]) if raw else None
