"""Frozen dataclasses as JSON and back, by their type hints: what a store keeps of them.

Bytes keep every bit (as text with lone surrogates), enums are their values, and what equals its default is left out.
A record that says more than this version knows is refused, never half understood.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from core.errors import Invalid
from core.text import raw_bytes, text

T = TypeVar("T")
VERSION = 1


def written(value: Any) -> str:
    """The value, a dataclass, as ASCII JSON that carries its version."""
    return json.dumps({"v": VERSION, "is": _plain(value)}, separators=(",", ":"))


def read(kind: type[T], written: str) -> T:
    """The value that `written` made. Raises Invalid where it is of another version, or of another shape."""
    try:
        content = json.loads(written)
        if content["v"] != VERSION:
            raise Invalid(f"It was written by another version of Tickbird ({content['v']!r:.20}).")
        return cast(T, _value(kind, content["is"]))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise Invalid(f"It cannot be read: {error!r:.200}.") from error


def _plain(value: Any) -> Any:
    match value:
        case Enum():
            return value.value
        case bytes():
            return text(value)
        case str() | int() | float() | None:
            return value
        case Mapping():
            return {str(key): _plain(item) for key, item in value.items()}
        case tuple() | list():
            return [_plain(item) for item in value]
    return {
        field.name: _plain(item)
        for field in fields(value)
        if (item := getattr(value, field.name)) != field.default or field.default is MISSING
    }


def _value(kind: Any, plain: Any) -> Any:
    if is_dataclass(kind):
        return _dataclass(kind, plain)
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        (known,) = (each for each in get_args(kind) if each is not NoneType)
        return None if plain is None else _value(known, plain)
    if origin is tuple:
        return _tuple(get_args(kind), plain)
    if origin is not None:
        return {key: _value(get_args(kind)[1], item) for key, item in _checked(dict, plain).items()}
    return _single(kind, plain)


def _single(kind: Any, plain: Any) -> Any:
    if kind is bytes:
        return raw_bytes(_checked(str, plain))
    if issubclass(kind, Enum):
        return kind(plain)
    return float(_checked((int, float), plain)) if kind is float else _checked(kind, plain)


def _tuple(kinds: tuple[Any, ...], plain: Any) -> tuple[Any, ...]:
    items = _checked(list, plain)
    if kinds[1:] == (...,):
        return tuple(_value(kinds[0], item) for item in items)
    return tuple(_value(kind, item) for kind, item in zip(kinds, items, strict=True))


def _dataclass(kind: Any, plain: Any) -> Any:
    known = _fields(kind)
    if strange := _checked(dict, plain).keys() - known.keys():
        raise Invalid(f"It says {strange.pop()!r:.50}, which this version of Tickbird does not know.")
    return kind(**{name: _value(known[name], item) for name, item in plain.items()})


@cache
def _fields(kind: Any) -> dict[str, Any]:
    hints = get_type_hints(kind)
    own: tuple[Field[Any], ...] = fields(kind)
    return {field.name: hints[field.name] for field in own if field.init}


def _checked(kind: Any, plain: Any) -> Any:
    if not isinstance(plain, kind) or (isinstance(plain, bool) and kind is not bool):
        raise Invalid(f"It holds {plain!r:.50} where that makes no sense.")
    return plain
