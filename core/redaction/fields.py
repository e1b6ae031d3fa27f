"""A job's fields without what must not be seen of them: which of them are JSON, and which are texts."""

from __future__ import annotations

import json

from core.redaction.redaction import HIDDEN, UNREADABLE, Redaction
from core.text import json_or_none, raw_bytes, text

AS_JSON = frozenset({b"data", b"opts", b"returnvalue", b"progress"})
AS_TEXT = frozenset({b"failedReason", b"defa"})
# What a library writes for itself, by which jobs are placed and related to each other.
OWN = frozenset(
    b"name timestamp delay priority attemptsMade atm ats processedOn finishedOn stalledCounter stc pb parent parentKey "
    b"deid rjk".split()
)
# What is larger takes long to be taken apart, so nothing of it is shown.
LARGEST = 1_000_000
TOO_LARGE = b"[redacted: it is too large to be looked through]"


def cleaned(redaction: Redaction, name: bytes, raw: bytes) -> bytes:
    """The field's value as Redis has it, in whole, without what this redaction takes out."""
    if redaction.kin is not None:
        raw = redaction.kin.of_field(name, raw)
    if not redaction.hides or name in OWN:
        return raw
    if len(raw) > LARGEST:
        return UNREADABLE if name in AS_JSON else TOO_LARGE
    if name == b"stacktrace":
        return _stacks(redaction, raw)
    if redaction.hides_path((text(name),)):
        return HIDDEN.encode()
    looks_like_json = raw[:1] in (b"{", b"[", b'"') and name not in AS_TEXT
    return redaction.of_json(raw) if name in AS_JSON or looks_like_json else redaction.of_text(raw)


def _stacks(redaction: Redaction, raw: bytes) -> bytes:
    """They are texts in a JSON array: a text is searched as it reads, not as it is written."""
    stacks = json_or_none(raw)
    if not isinstance(stacks, list):
        return redaction.of_text(raw)
    return json.dumps([_stack(redaction, stack) for stack in stacks]).encode()


def _stack(redaction: Redaction, stack: object) -> object:
    return text(redaction.of_text(raw_bytes(stack))) if isinstance(stack, str) else stack
