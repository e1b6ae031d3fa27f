"""Tables of the settings file: what of them is text, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from core.errors import Invalid
from core.redis_settings import nearest

T = TypeVar("T")


def read_tables(
    tables: Any, kind: str, where: str, known: Sequence[str], read: Callable[[Mapping[str, Any], str], T]
) -> tuple[T, ...]:
    """What `read` makes of each. Raises Invalid where they are no tables, or have a key that is not known."""
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise Invalid(f"{where}: {kind} must be written as {'[proxy]' if kind == 'proxy' else f'[[{kind}]]'}.")
    for table in tables:
        if strange := [key for key in table if key not in known]:
            raise Invalid(f"{where} has an unknown setting {strange[0]!r} in {kind}.", nearest(strange[0], known))
    return tuple(read(table, f"{where}: {kind}") for table in tables)


def text_of(table: Mapping[str, Any], key: str, where: str, *, needed: bool = True) -> str:
    """The text of that key; empty where it is not there and not needed. Raises Invalid."""
    value = table.get(key, "")
    if not isinstance(value, str) or (needed and not value):
        raise Invalid(f"{where} needs {key}, a text." if needed else f"{where}: {key} must be a text.")
    return value


def texts_of(table: Mapping[str, Any], key: str, where: str) -> tuple[str, ...]:
    """The texts of that key, none of them empty. Raises Invalid."""
    value = table.get(key, [])
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        raise Invalid(f"{where}: {key} must be a list of texts.")
    return tuple(value)
