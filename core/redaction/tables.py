"""The [[redact]] tables of the settings: what must not be seen of payloads, and of which queues."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.errors import Invalid
from core.redaction.redaction import Rule
from core.redis_settings import nearest

_KEYS = ("keys", "paths", "queues")


def redact_tables(tables: Any, where: str) -> tuple[Rule, ...]:
    """The tables of a file. Raises Invalid, naming the file, where they make no sense."""
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise Invalid(f"{where}: redact must be written as [[redact]] tables.")
    return tuple(_rule(table, where) for table in tables)


def _rule(table: Mapping[str, Any], where: str) -> Rule:
    if strange := [key for key in table if key not in _KEYS]:
        raise Invalid(f"{where} has an unknown setting {strange[0]!r} in [[redact]].", nearest(strange[0], _KEYS))
    keys, paths, queues = (_texts(table, key, where) for key in _KEYS)
    if not keys and not paths:
        raise Invalid(f'{where}: a [[redact]] needs keys, such as ["*password*"], or paths, such as ["user.card"].')
    return Rule(keys, tuple(tuple(path.split(".")) for path in paths), queues)


def _texts(table: Mapping[str, Any], key: str, where: str) -> tuple[str, ...]:
    value = table.get(key, [])
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        raise Invalid(f"{where}: {key} in [[redact]] must be a list of texts.")
    return tuple(value)
