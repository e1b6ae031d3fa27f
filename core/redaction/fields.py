"""A job's fields without what must not be seen of them: which of them are JSON, and which are texts."""

from __future__ import annotations

import json

from core.redaction.redaction import HIDDEN, UNREADABLE, Redaction
from core.text import text

AS_JSON = frozenset({b"data", b"opts", b"returnvalue", b"progress"})
AS_TEXT = frozenset({b"failedReason", b"defa", b"logs"})
# What a library writes for itself, by which jobs are placed and related to each other.
OWN = frozenset(
    b"name timestamp delay priority attemptsMade atm ats processedOn finishedOn stalledCounter stc pb parent parentKey "
    b"deid rjk".split()
)
# What is larger takes long to be taken apart, so nothing of it is shown.
LARGEST = 1_000_000
TOO_LARGE = b"[redacted: it is too large to be looked through]"
_NO_STACK = json.dumps([HIDDEN]).encode()


def cleaned(redaction: Redaction, name: bytes, raw: bytes) -> bytes:
    """The field's value as Redis has it, in whole, without what this redaction takes out; `logs`: one line of them."""
    if redaction.kin is not None:
        raw = redaction.kin.of_field(name, raw)
    if not redaction.hides or name in OWN:
        return raw
    if redaction.hides_path((text(name),)):
        return _NO_STACK if name == b"stacktrace" else HIDDEN.encode()
    if len(raw) > LARGEST:
        return UNREADABLE if name in AS_JSON else TOO_LARGE
    if name == b"stacktrace":
        return _stacks(redaction, raw)
    looks_like_json = raw[:1] in (b"{", b"[", b'"') and name not in AS_TEXT
    return redaction.of_json(raw) if name in AS_JSON or looks_like_json else redaction.of_text(raw)


def cleaned_text(redaction: Redaction, name: bytes, raw: bytes) -> bytes:
    """The same of a text that was taken out of the field: one stack of several, what another job tells of it."""
    if redaction.hides_path((text(name),)):
        return HIDDEN.encode()
    return TOO_LARGE if redaction.hides and len(raw) > LARGEST else redaction.of_text(raw)


def _stacks(redaction: Redaction, raw: bytes) -> bytes:
    """They are texts in a JSON array: a text is searched as it reads, not as it is written."""
    clean = redaction.of_json(raw) if raw.lstrip()[:1] == b"[" else UNREADABLE
    return redaction.of_text(raw) if clean == UNREADABLE else clean
