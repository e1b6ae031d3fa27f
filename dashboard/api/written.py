"""JSON bodies with their parts as they were written, so that no number in a job's data is rounded on its way."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from core.errors import Invalid

_SPACE = re.compile(r"[ \t\r\n]*")


def _refuse(word: str) -> None:
    raise ValueError(f"{word} is no JSON")


def _whole(digits: str) -> int | str:
    # Longer ones stand in data only, which are kept as they are written; reading them takes the square of their length.
    return int(digits) if len(digits) <= LONGEST_NUMBER else digits


LONGEST_NUMBER = 400
_DECODER = json.JSONDecoder(parse_int=_whole, parse_constant=_refuse)


def value_of(written: str) -> object:
    """The value; Invalid, with the place, where this is no JSON."""
    try:
        return _DECODER.decode(written)
    except json.JSONDecodeError as error:
        raise Invalid(f"The body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}.") from None
    except (ValueError, RecursionError) as error:
        raise Invalid(f"The body is not JSON that can be read here: {str(error)[:100]}.") from None


def members(written: str) -> dict[str, str]:
    """The fields of an object, each as it was written. `value_of` has read this text before."""
    return dict(_members(written))


def elements(written: str) -> list[str]:
    """The elements of an array, each as it was written."""
    found, at = [], _past(written, _past(written, 0) + 1)
    while written[at] != "]":
        end = _end(written, at)
        found.append(written[at:end])
        at = _next(written, end)
    return found


def _members(written: str) -> Iterator[tuple[str, str]]:
    at = _past(written, _past(written, 0) + 1)
    while written[at] != "}":
        name, colon = _DECODER.raw_decode(written, at)
        start = _past(written, _past(written, colon) + 1)
        end = _end(written, start)
        yield name, written[start:end]
        at = _next(written, end)


def _end(written: str, start: int) -> int:
    return _DECODER.raw_decode(written, start)[1]


def _next(written: str, end: int) -> int:
    """Where the next part begins, or what closes the whole."""
    at = _past(written, end)
    return _past(written, at + 1) if written[at] == "," else at


def _past(written: str, at: int) -> int:
    space = _SPACE.match(written, at)
    return space.end() if space else at
