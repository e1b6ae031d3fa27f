"""Where a page of jobs ended, as an opaque text: by what the jobs around its end were, not by how many came before.

Jobs move while somebody reads. A position would skip or repeat them; a score and an id do not.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any

from core.dialects.contract import LISTS
from core.errors import Invalid
from core.model import State
from core.text import raw_bytes, text

# Longer ids are not carried along whole: a cursor must fit into a URL.
LONGEST_ID = 512
_BAD = "This cursor is not one that a page of this list gave."
_SCORE = re.compile(rb"-?(\d+(\.\d+)?(e[+-]?\d+)?|inf)")
# Redis counts places in 64 bits; no list is as long as this.
_FARTHEST = 1 << 53


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last jobs of a page and the first behind it. `score` of the last one in sorted sets; in lists `index`, the
    place behind it, and `edge`, the list's very first job in this order."""

    state: State
    order: str
    anchors: tuple[bytes, ...]
    following: tuple[bytes, ...] = ()
    score: bytes = b""
    index: int = 0
    edge: bytes = b""

    def encode(self) -> str:
        anchors, following = ([text(id) for id in ids] for ids in (self.anchors, self.following))
        parts = [self.state, self.order, anchors, following, text(self.score), self.index, text(self.edge)]
        packed = json.dumps(parts, separators=(",", ":"))
        return base64.urlsafe_b64encode(packed.encode()).decode().rstrip("=")


def carried(id: bytes) -> bytes:
    """The id as a cursor carries it: itself, or, where it is too long, something that tells it from others."""
    return id if len(id) <= LONGEST_ID else b"\0" + hashlib.sha1(id, usedforsecurity=False).hexdigest().encode()


def decode(value: str, state: State, order: str) -> Cursor:
    """The cursor in this text. Raises Invalid when it is none, or belongs to another list."""
    try:
        cursor = _from_parts(json.loads(base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))))
    except (ValueError, TypeError, RecursionError) as error:
        raise Invalid(_BAD, "Begin again without one.") from error
    if (cursor.state, cursor.order) != (state, order):
        raise Invalid(_BAD, "It belongs to another state or order; begin again without one.")
    return cursor


def _from_parts(parts: Any) -> Cursor:
    state, order, anchors, following, score, index, edge = parts
    cursor = Cursor(State(state), str(order), _ids(anchors), _ids(following), _bytes(score), index, _bytes(edge))
    if type(index) is not int or not 0 <= index < _FARTHEST:
        raise ValueError(index)
    if cursor.state not in LISTS and not _SCORE.fullmatch(cursor.score):
        raise ValueError(score)
    return cursor


def _ids(value: Any) -> tuple[bytes, ...]:
    if not isinstance(value, list):
        raise TypeError(value)
    return tuple(_bytes(id) for id in value)


def _bytes(value: Any) -> bytes:
    if not isinstance(value, str):
        raise TypeError(value)
    return raw_bytes(value)
