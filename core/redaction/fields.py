"""A job's fields without what must not be seen of them: which of them are JSON, and which are texts."""

from __future__ import annotations

import json

from core.redaction.redaction import UNREADABLE, Redaction
from core.text import json_or_none, raw_bytes, text

AS_JSON = frozenset({b"data", b"opts", b"returnvalue", b"progress"})
AS_TEXT = frozenset({b"failedReason", b"defa"})
# JSON that is larger takes seconds to be taken apart, so nothing of it is shown.
LARGEST = 8_000_000


def cleaned(redaction: Redaction, name: bytes, raw: bytes) -> bytes:
    """The field's value as Redis has it, in whole, without what this redaction takes out."""
    if not redaction.hides:
        return raw
    if name in AS_JSON:
        return redaction.of_json(raw) if len(raw) <= LARGEST else UNREADABLE
    if name == b"stacktrace":
        return _stacks(redaction, raw)
    return redaction.of_text(raw) if name in AS_TEXT else raw


def _stacks(redaction: Redaction, raw: bytes) -> bytes:
    """They are texts in a JSON array: a text is searched as it reads, not as it is written."""
    stacks = json_or_none(raw)
    if not isinstance(stacks, list):
        return redaction.of_text(raw)
    return json.dumps([_stack(redaction, stack) for stack in stacks]).encode()


def _stack(redaction: Redaction, stack: object) -> object:
    return text(redaction.of_text(raw_bytes(stack))) if isinstance(stack, str) else stack
