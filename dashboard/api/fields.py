"""The fields of a body: the same few readers for every call, each refusing with the name of what is wrong."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, TypeVar

from core.errors import Invalid

E = TypeVar("E", bound=StrEnum)


def check_known(fields: Iterable[str], known: Iterable[str]) -> None:
    """Raises Invalid for a field that this call does not know, naming the nearest: one without effect is a lie."""
    for name in sorted(set(fields) - set(known)):
        near = difflib.get_close_matches(name[:100], list(known), n=1, cutoff=0.0)
        raise Invalid(f"There is no field {name[:100]!r} here.", f"Did you mean {near[0]!r}?" if near else "")


def word(kind: type[E], name: str, said: object, choices: Iterable[E]) -> E:
    """One of these words."""
    words = [choice.value for choice in choices]
    if said not in words:
        raise Invalid(f"{name} cannot be {said!r:.100}.", f"It is one of {', '.join(words)}.")
    return kind(str(said))


def number(fields: Mapping[str, Any], name: str) -> int | None:
    """A whole number, which JSON may write as 5.0 too; None where it is not said, or null."""
    value = fields.get(name)
    if isinstance(value, float) and abs(value) < 2**53 and value.is_integer():
        return int(value)
    if value is not None and type(value) is not int:
        raise Invalid(f"{name} is a whole number.")
    return value


def whole(fields: Mapping[str, Any], name: str) -> int:
    """A whole number that must be said."""
    value = number(fields, name)
    if value is None:
        raise Invalid(f"{name} is missing: a whole number.")
    return value


def flag(fields: Mapping[str, Any], name: str) -> bool:
    """True or false; false where it is not said."""
    value = fields.get(name, False)
    if not isinstance(value, bool):
        raise Invalid(f"{name} is true or false.")
    return value


def line(fields: Mapping[str, Any], name: str, longest: int) -> str:
    """A text that must be said, of at most so many characters."""
    value = fields.get(name)
    if not isinstance(value, str) or not value or len(value) > longest:
        raise Invalid(f"{name} is a text of 1 to {longest:,} characters.")
    return value
