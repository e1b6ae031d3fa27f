"""Where a page of jobs ended, as an opaque text: by what the last jobs were, not by how many came before.

Jobs move while somebody reads. A position would skip or repeat them; a score and an id do not.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any

from core.errors import Invalid
from core.model import State
from core.text import raw_bytes, text

# Longer ids are not carried along: a cursor must fit into a URL.
LONGEST_ID = 512
_BAD = "This cursor is not one that a page of this list gave."


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last jobs of a page, newest knowledge last; `score` in sorted sets, `index` in lists."""

    state: State
    order: str
    anchors: tuple[bytes, ...]
    score: bytes = b""
    index: int = 0

    def encode(self) -> str:
        anchors = [text(anchor) for anchor in self.anchors if len(anchor) <= LONGEST_ID]
        packed = json.dumps([self.state, self.order, anchors, text(self.score), self.index], separators=(",", ":"))
        return base64.urlsafe_b64encode(packed.encode()).decode().rstrip("=")


def decode(value: str, state: State, order: str) -> Cursor:
    """The cursor in this text. Raises Invalid when it is none, or belongs to another list."""
    try:
        parts = json.loads(base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)))
        cursor = _from_parts(parts)
    except (ValueError, TypeError, binascii.Error, RecursionError) as error:
        raise Invalid(_BAD, "Begin again without one.") from error
    if (cursor.state, cursor.order) != (state, order):
        raise Invalid(_BAD, "It belongs to another state or order; begin again without one.")
    return cursor


def _from_parts(parts: Any) -> Cursor:
    state, order, anchors, score, index = parts
    if not isinstance(index, int) or index < 0:
        raise ValueError(index)
    if score:
        float(score)
    return Cursor(State(state), str(order), tuple(raw_bytes(anchor) for anchor in anchors), raw_bytes(score), index)
