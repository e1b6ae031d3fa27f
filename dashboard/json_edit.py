"""JSON that a person edits: written so that no character gets lost in a form, and read back with the place of a fault.

Numbers stay as they are written and keys where they stand: the text is never parsed and written anew.
"""

from __future__ import annotations

import json
import re
from functools import cache

from core.errors import Invalid
from core.text import printable
from dashboard.json_text import laid_out

_OUTSIDE = re.compile(r'("(?:[^"\\]|\\.)*")|\s+', re.DOTALL)


def editable(text: str) -> str:
    """The JSON laid out, with what no screen shows (control, reordering) as escapes, which mean the same in JSON."""
    return escaped("".join(token.text for token in laid_out(text)))


def escaped(text: str) -> str:
    """The same JSON, with escapes for what a page would show as something else, and so a form would send back."""
    if text.isascii() and text.replace("\n", "").isprintable():
        return text
    return text.translate(_escapes())


def compact(text: str) -> str:
    """The JSON without the space between its parts, as the libraries write it."""
    return _OUTSIDE.sub(lambda match: match[1] or "", text)


def checked(text: str, name: str = "The data") -> None:
    """Raises Invalid, with line and column, where this is no JSON."""
    try:
        _DECODER.decode(text)
    except json.JSONDecodeError as error:
        near = text[max(0, error.pos - 20) : error.pos + 20]
        raise Invalid(
            f"{name}: no JSON at line {error.lineno}, column {error.colno}: {error.msg}.", f"It is near {near!r}."
        ) from None
    except (ValueError, RecursionError) as error:
        raise Invalid(f"{name}: no JSON that can be kept: {str(error)[:100]}.") from None


@cache
def _escapes() -> dict[int, str]:
    """JSON's escape for every character that `printable` would show as another one."""
    characters = (chr(code) for code in range(0x10000))
    return {ord(each): json.dumps(each)[1:-1] for each in characters if printable(each) != each}


def _refuse(word: str) -> None:
    raise ValueError(f"{word} is a number only in JavaScript")


# Numbers are left as they are: they are kept as they are written, however long.
_DECODER = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=_refuse)
