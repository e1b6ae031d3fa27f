"""Parents and children in queues that are not there for who asks: what their relatives say of them is taken out.

Libraries write a relative's full key into the job itself: its `parent`, and `child bull:mail:7 failed` as a reason.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from core.model import QueueId
from core.text import json_or_none, nearest_bytes, raw_bytes, text

# Which queue a job's full key belongs to; None where none is known.
Owner = Callable[[bytes], QueueId | None]
NOT_THERE = "[a job that is not there for you]"
# `child bull:mail:7 failed`, as BullMQ writes it; names may have spaces and quotes, but no key goes over a line.
_BEFORE = re.compile(rb"\b(?:[Cc]hild |[Pp]arent job )")
_BEHIND = re.compile(rb" failed\b| cannot be replaced\b|\.(?:\s|$)")


@dataclass(frozen=True, slots=True)
class Kin:
    """Whose keys may be seen: those of known queues that `has` says are there; `instead` stands for the others."""

    has: Callable[[QueueId], bool]
    owner: Owner = field(repr=False)
    instead: bytes = NOT_THERE.encode()

    def hides(self, key: bytes) -> bool:
        """Whether it is none of theirs to know."""
        found = self.owner(key)
        return found is None or not self.has(found)

    def of_text(self, raw: bytes) -> bytes:
        """A text without the keys that are hidden."""
        return keyless(raw, self._shown)

    def of_field(self, name: bytes, raw: bytes) -> bytes:
        """A field of a job's hash: what names its parent keeps its shape, without the name."""
        if name == b"parentKey":
            return b"" if self.hides(raw) else raw
        if name == b"parent":
            return self._of_parent(raw, "queueKey")
        if name == b"opts":
            return self._of_options(raw)
        if name == b"stacktrace":
            return self._of_stacks(raw)
        return self.of_text(raw) if name in _TEXTS else raw

    def _shown(self, key: bytes) -> bytes:
        return self.instead if self.hides(key) else key

    def _of_stacks(self, raw: bytes) -> bytes:
        if _BEFORE.search(raw) is None:
            return raw
        stacks = json_or_none(raw)
        if not isinstance(stacks, list) or not all(isinstance(stack, str) for stack in stacks):
            return self.of_text(raw)
        shown = [text(self.of_text(nearest_bytes(stack))) for stack in stacks]
        return raw if shown == stacks else json.dumps(shown).encode()

    def _of_parent(self, raw: bytes, queue: str) -> bytes:
        parent = json_or_none(raw)
        if not isinstance(parent, dict):
            return raw if parent is None and not raw else b"null"
        return raw if not self._hides_parent(parent, queue) else json.dumps(_nameless(parent, queue)).encode()

    def _of_options(self, raw: bytes) -> bytes:
        if b'"parent' not in raw:
            return raw
        options = json_or_none(raw)
        if not isinstance(options, dict):
            return raw
        hidden = {
            "parent": self._hides_parent(options.get("parent"), "queue"),
            "parentKey": self._hides_written(options.get("parentKey")),
        }
        if not any(hidden.values()):
            return raw
        return json.dumps({name: NOT_THERE if hidden.get(name) else said for name, said in options.items()}).encode()

    def _hides_parent(self, parent: Any, queue: str) -> bool:
        return isinstance(parent, dict) and self._hides_written(f"{parent.get(queue)}:{parent.get('id')}")

    def _hides_written(self, key: Any) -> bool:
        try:
            return isinstance(key, str) and self.hides(raw_bytes(key))
        except UnicodeEncodeError:
            return True  # half a character, which no key of Redis can hold


_TEXTS = frozenset({b"failedReason", b"defa", b"logs"})


def keyless(raw: bytes, instead: Callable[[bytes], bytes], *, is_cut: bool = False) -> bytes:
    """The text with `instead(key)` in place of each relative's full key. `is_cut`: its last line may end within one.

    A line is gone through once: where no key ends behind here, none does further on either.
    """
    if _BEFORE.search(raw) is None:
        return raw
    lines = raw.split(b"\n")
    shown = [_keyless(line, instead, is_cut=False) for line in lines[:-1]]
    return b"\n".join([*shown, _keyless(lines[-1], instead, is_cut=is_cut)])


def _keyless(line: bytes, instead: Callable[[bytes], bytes], *, is_cut: bool) -> bytes:
    parts, done = [], 0
    while found := _BEFORE.search(line, done):
        key = found.end()
        # prefix:name:id
        colon = line.find(b":", line.find(b":", key) + 1 or len(line))
        behind = _BEHIND.search(line, colon + 1) if colon > 0 else None
        if behind is None and not is_cut:
            break
        end = behind.start() if behind else len(line)
        parts += [line[done:key], instead(line[key:end])]
        done = end
    return b"".join([*parts, line[done:]])


def _nameless(parent: dict[str, Any], queue: str) -> dict[str, Any]:
    return {**parent, queue: "", "id": ""}
