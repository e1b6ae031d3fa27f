"""The configured instances: which Redis, under which name, and what is known of its queues beforehand."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from core.errors import Invalid
from core.model import Dialect
from core.redis_url import check_url
from core.sentinel.url import is_named

DEFAULT_URL = "redis://127.0.0.1:6379/0"
DEFAULT_PREFIXES = ("bull",)


MASTER, REPLICA = "master", "replica"


@dataclass(frozen=True, slots=True)
class Tls:
    """Files for rediss://: the authority that signed the server's certificate, and our own certificate and key."""

    ca: str = ""
    certificate: str = ""
    key: str = ""

    @property
    def options(self) -> dict[str, str]:
        """As redis-py's connections take them."""
        said = {"ssl_ca_certs": self.ca, "ssl_certfile": self.certificate, "ssl_keyfile": self.key}
        return {name: path for name, path in said.items() if path}


@dataclass(frozen=True, slots=True)
class RedisSettings:
    """One instance: its name in URLs and labels, where it is, and the prefixes whose queues are wanted.

    `dialects` pins queues, by a pattern of their names, to a dialect, whatever their keys say. `read_from` says whether
    pages and metrics may read from a replica: the one at `replica_url`, or one that the sentinels of `url` know.
    """

    name: str
    url: str = field(repr=False)
    prefixes: tuple[str, ...] = DEFAULT_PREFIXES
    dialects: tuple[tuple[str, Dialect], ...] = ()
    read_from: str = MASTER
    replica_url: str = field(default="", repr=False)
    tls: Tls = Tls()

    @property
    def for_reading(self) -> RedisSettings:
        """Where pages and metrics read from; itself, unless that is a replica."""
        if self.read_from != REPLICA:
            return self
        return replace(self, url=self.replica_url) if self.replica_url else self

    @property
    def for_acting(self) -> RedisSettings:
        """Where actions look and write: always the master."""
        return replace(self, read_from=MASTER)


def instance_tables(tables: Any, where: str) -> tuple[RedisSettings, ...]:
    """The [[redis]] tables of a file. Raises Invalid, naming the file, where they make no sense."""
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise Invalid(f"{where}: redis must be written as [[redis]] tables.")
    return tuple(_table(table, where) for table in tables)


def _table(table: Mapping[str, Any], where: str) -> RedisSettings:
    known = ("name", "url", "prefixes", "dialects", "read_from", "replica_url", "ca", "certificate", "key")
    for key in table:
        if key not in known:
            raise Invalid(f"{where} has an unknown setting {key!r} in [[redis]].", nearest(key, known))
    prefixes = table.get("prefixes", list(DEFAULT_PREFIXES))
    if not isinstance(prefixes, list) or not prefixes or not all(isinstance(p, str) and p for p in prefixes):
        raise Invalid(f'{where}: prefixes in [[redis]] must be a list such as ["bull"], or ["*"] for all.')
    name, url = table.get("name", "default"), table.get("url", DEFAULT_URL)
    if not isinstance(name, str) or not isinstance(url, str):
        raise Invalid(f"{where}: name and url in [[redis]] must be texts.")
    pins = _pins(table.get("dialects", {}), where)
    return _checked(RedisSettings(name, url, tuple(prefixes), pins, *_more(table, where)), where)


def _more(table: Mapping[str, Any], where: str) -> tuple[str, str, Tls]:
    """Where to read from, and the files of TLS."""
    keys = ("read_from", "replica_url", "ca", "certificate", "key")
    said = [table.get(key, "") for key in keys]
    if not all(isinstance(value, str) for value in said):
        raise Invalid(f"{where}: {', '.join(keys)} in [[redis]] must be texts.")
    return said[0] or MASTER, said[1], Tls(*said[2:])


def _checked(settings: RedisSettings, where: str) -> RedisSettings:
    if settings.read_from not in (MASTER, REPLICA):
        raise Invalid(f'{where}: read_from in [[redis]] must be "master" or "replica", not {settings.read_from!r}.')
    if settings.replica_url:
        check_url(settings.replica_url, f"The replica_url of instance {settings.name!r}")
    elif settings.read_from == REPLICA and not is_named(settings.url):
        raise Invalid(f"{where}: to read from a replica, instance {settings.name!r} needs replica_url, or sentinels.")
    for path in (settings.tls.ca, settings.tls.certificate, settings.tls.key):
        if path and not Path(path).is_file():
            raise Invalid(f"{where}: there is no file {path!r}, which instance {settings.name!r} needs for TLS.")
    if settings.tls != Tls() and not settings.url.startswith("rediss"):
        raise Invalid(f"{where}: instance {settings.name!r} has files for TLS, but its url is not rediss://.")
    return settings


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
