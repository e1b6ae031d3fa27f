"""Label values: any name that Redis can hold as valid UTF-8, so that no two names ever become one series."""

from __future__ import annotations

import hashlib

from core.text import printable

# Queue names come from other people's keys: one of ten megabytes would be repeated on every line of its queue.
LONGEST = 512
# A character that would not survive stands as this mark and its code point. The mark itself is written the same
# way, which is what keeps two names apart: nothing that a name can hold looks like an escape of something else.
_MARK = "\ufffd"


def label_text(name: str) -> str:
    """The name itself, but for characters that cannot be shown: `a\\x00` becomes `a�[0000]`.

    Those are control characters, marks that reorder text, bytes that are not UTF-8, and U+FFFD. A name longer than
    `LONGEST` characters is cut and ends in the SHA-256 of the whole.
    """
    if len(name) > LONGEST:
        digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
        return f"{_clear(name[:LONGEST])}…{digest}"
    return _clear(name)


def _clear(name: str) -> str:
    if name.isascii() and name.isprintable():
        return name
    return "".join(char if _shows(char) else f"{_MARK}[{ord(char):04X}]" for char in name)


def _shows(char: str) -> bool:
    return char not in ("\r", _MARK) and printable(char) == char


def label(name: str, value: str) -> str:
    """`name="value"`, as a sample line carries it."""
    escaped = label_text(value).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'{name}="{escaped}"'
