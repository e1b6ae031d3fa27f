"""The configured instances: which Redis, under which name, and what is known of its queues beforehand."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from core.errors import Invalid
from core.model import Dialect

DEFAULT_URL = "redis://127.0.0.1:6379/0"
DEFAULT_PREFIXES = ("bull",)


@dataclass(frozen=True, slots=True)
class RedisSettings:
    """One instance: its name in URLs and labels, where it is, and the prefixes whose queues are wanted.

    `dialects` pins queues, by a pattern of their names, to a dialect, whatever their keys say.
    """

    name: str
    url: str = field(repr=False)
    prefixes: tuple[str, ...] = DEFAULT_PREFIXES
    dialects: tuple[tuple[str, Dialect], ...] = ()


def instance_tables(tables: Any, where: str) -> tuple[RedisSettings, ...]:
    """The [[redis]] tables of a file. Raises Invalid, naming the file, where they make no sense."""
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise Invalid(f"{where}: redis must be written as [[redis]] tables.")
    return tuple(_table(table, where) for table in tables)


def _table(table: Mapping[str, Any], where: str) -> RedisSettings:
    known = ("name", "url", "prefixes", "dialects")
    for key in table:
        if key not in known:
            raise Invalid(f"{where} has an unknown setting {key!r} in [[redis]].", nearest(key, known))
    prefixes = table.get("prefixes", list(DEFAULT_PREFIXES))
    if not isinstance(prefixes, list) or not prefixes or not all(isinstance(p, str) and p for p in prefixes):
        raise Invalid(f'{where}: prefixes in [[redis]] must be a list such as ["bull"], or ["*"] for all.')
    name, url = table.get("name", "default"), table.get("url", DEFAULT_URL)
    if not isinstance(name, str) or not isinstance(url, str):
        raise Invalid(f"{where}: name and url in [[redis]] must be texts.")
    return RedisSettings(name, url, tuple(prefixes), _pins(table.get("dialects", {}), where))


def _pins(pins: Any, where: str) -> tuple[tuple[str, Dialect], ...]:
    if isinstance(pins, dict) and all(dialect in set(Dialect) for dialect in pins.values()):
        return tuple((pattern, Dialect(dialect)) for pattern, dialect in pins.items())
    known = ", ".join(Dialect)
    raise Invalid(f'{where}: dialects in [[redis]] must be like {{ "legacy-*" = "mq4" }}; dialects are {known}.')


def instance_flag(flag: str, position: int, tables: Sequence[RedisSettings]) -> RedisSettings:
    """`--redis URL` or `--redis NAME=URL`; the first without a name is called "default"."""
    name, named, url = flag.partition("=")
    if not named or "://" in name:
        name, url = ("default" if position == 0 else f"redis-{position + 1}"), flag
    return known_instance(name, url, tables)


def known_instance(name: str, url: str, tables: Sequence[RedisSettings]) -> RedisSettings:
    """Another URL for a name: what else the file says of that name still holds."""
    table = next((table for table in tables if table.name == name), RedisSettings(name, url))
    return replace(table, url=url)


def nearest(name: str, known: Sequence[str]) -> str:
    """The hint that names the nearest of the known words."""
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.0)
    return f"Did you mean {near[0]!r}?" if near else ""
