"""What a person may write into a job: text that every library reads back, of a size that Redis does not feel.

Numbers are never read as numbers here: a job's data is stored as it was written, beyond 2^53 too.
"""

from __future__ import annotations

import json
from typing import Any

from core.errors import Invalid
from core.text import raw_bytes

# What a script copies in a few milliseconds. Larger payloads belong into a store of their own, and their address here.
DATA_LIMIT = 5_000_000
# Progress goes through the event stream to every listener, and log lines stay in memory with the job.
PROGRESS_LIMIT = 50_000
LINE_LIMIT = 50_000
NAME_LIMIT = 500


def json_text(what: str, written: str, limit: int) -> str:
    """The text itself; Invalid, saying where, unless it is JSON of at most `limit` bytes."""
    plain_text(what, written, limit)
    try:
        _JSON.decode(written)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise Invalid(f"{what} is not JSON: {error.msg} at {place}.", "A text needs quotes to be JSON.") from None
    except (ValueError, RecursionError) as error:
        raise Invalid(f"{what} is not JSON that every library reads: {str(error)[:100]}.") from None
    return written


def plain_text(what: str, written: str, limit: int) -> str:
    """The text itself; Invalid unless it can be stored, as UTF-8 of at most `limit` bytes."""
    try:
        size = len(written.encode())
    except UnicodeEncodeError as error:
        raise Invalid(f"{what} has half a character, at {error.start + 1}: it cannot be stored as text.") from None
    if size > limit:
        raise Invalid(f"{what} has {size:,} bytes; at most {limit:,} can be written here.")
    return written


def stored_bytes(what: str, seen: str) -> bytes:
    """The bytes that were shown as this text; Invalid for a text that no stored bytes are shown as."""
    try:
        return raw_bytes(seen)
    except UnicodeEncodeError:
        raise Invalid(f"{what} is no text that Redis can have held.") from None


def _no_constant(word: str) -> Any:
    raise ValueError(f"{word} is no JSON")


# Numbers stay text: no number of digits is too many.
_JSON = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=_no_constant)
