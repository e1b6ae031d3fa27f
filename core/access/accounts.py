"""Who may come in, as the settings say it: users, tokens, roles, and what a trusted proxy vouches for.

Tables of the settings file become values here, with an error that says what is wrong with them.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any, TypeVar

from core.access.roles import ROLES
from core.access.tables import read_tables, text_of, texts_of
from core.errors import Invalid
from core.permission import Permission
from core.redis_settings import nearest

T = TypeVar("T")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]*")
# What a table may say of somebody, besides who it is.
GRANT = ("role", "instances", "queues")
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Grant:
    """What somebody is given: a role, and patterns of the instances and queues it holds for (none: all)."""

    role: str = "viewer"
    instances: tuple[str, ...] = ()
    queues: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class User:
    """One [[users]] table. `password_hash` as `tickbird hash-password` prints it; empty: comes in another way only."""

    name: str
    grant: Grant
    password_hash: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Token:
    """One [[tokens]] table: a program's. `digest` is the SHA-256 of the token, `expires` an instant in ms."""

    name: str
    grant: Grant
    digest: str = field(repr=False)
    expires: int | None = None


@dataclass(frozen=True, slots=True)
class Proxy:
    """The [proxy] table: peers that may say in a header who is there, whom they have asked already. `role`, where it is
    set, is for those who are no [[users]]."""

    header: str
    peers: tuple[Network, ...]
    role: str = ""

    def trusts(self, peer: str) -> bool:
        """Whether a request from that address may say who is there."""
        try:
            address = ipaddress.ip_address(peer)
        except ValueError:
            return False
        return any(address in network for network in self.peers)


def user_tables(tables: Any, where: str) -> tuple[User, ...]:
    """The [[users]] of a file. Raises Invalid, naming the file, where they make no sense; so do the others here."""
    users = read_tables(tables, "users", where, ("name", "password_hash", *GRANT), _user)
    return _distinct(users, "users", where)


def token_tables(tables: Any, where: str) -> tuple[Token, ...]:
    """The [[tokens]] of a file."""
    return _distinct(
        read_tables(tables, "tokens", where, ("name", "sha256", "expires", *GRANT), _token), "tokens", where
    )


def role_tables(tables: Any, where: str) -> Mapping[str, frozenset[Permission]]:
    """The [[roles]] of a file: name to permissions."""
    return dict(read_tables(tables, "roles", where, ("name", "permissions"), _role))


def proxy_table(table: Any, where: str) -> Proxy:
    """The [proxy] of a file."""
    (proxy,) = read_tables([table], "proxy", where, ("header", "peers", "role"), _proxy)
    return proxy


def _user(table: Mapping[str, Any], where: str) -> User:
    name = text_of(table, "name", where)
    return User(name, grant_of(table, f"{where} {name!r}"), text_of(table, "password_hash", where, needed=False))


def _token(table: Mapping[str, Any], where: str) -> Token:
    name = text_of(table, "name", where)
    digest = text_of(table, "sha256", where).lower()
    if not _DIGEST.fullmatch(digest):
        raise Invalid(
            f"{where} {name!r}: sha256 is the token's SHA-256 as 64 hex digits, as `tickbird token` prints it."
        )
    return Token(
        name, grant_of(table, f"{where} {name!r}"), digest, _instant(table.get("expires"), f"{where} {name!r}")
    )


def _role(table: Mapping[str, Any], where: str) -> tuple[str, frozenset[Permission]]:
    name, said = text_of(table, "name", where), texts_of(table, "permissions", where)
    if name in ROLES:
        raise Invalid(f"{where}: {name!r} is a role that is always there.", "Give yours another name.")
    if strange := [word for word in said if word not in set(Permission)]:
        raise Invalid(
            f"{where} {name!r}: there is no permission {strange[0]!r}.", nearest(strange[0], list(Permission))
        )
    return name, frozenset({Permission.VIEW, *map(Permission, said)})


def _proxy(table: Mapping[str, Any], where: str) -> Proxy:
    header = text_of(table, "header", where)
    if not _HEADER.fullmatch(header):
        raise Invalid(f"{where}: header is the name of a header, such as X-Forwarded-User, not {header!r}.")
    peers = texts_of(table, "peers", where)
    if not peers:
        raise Invalid(f"{where} needs peers: the addresses of the proxy, such as 10.0.0.5 or 10.0.0.0/24.")
    return Proxy(
        header.lower(), tuple(_network(peer, where) for peer in peers), text_of(table, "role", where, needed=False)
    )


def _network(said: str, where: str) -> Network:
    try:
        return ipaddress.ip_network(said)
    except ValueError:
        raise Invalid(f"{where}: {said!r} is no address or network.", "Write 10.0.0.5 or 10.0.0.0/24.") from None


def grant_of(table: Mapping[str, Any], where: str) -> Grant:
    """What a table gives: the keys of `GRANT`."""
    role = text_of(table, "role", where, needed=False) or "viewer"
    return Grant(role, texts_of(table, "instances", where), texts_of(table, "queues", where))


def _instant(said: Any, where: str) -> int | None:
    if said is None:
        return None
    if isinstance(said, str):
        try:
            said = datetime.fromisoformat(said)
        except ValueError:
            raise Invalid(f"{where}: expires must be a date such as 2027-01-31, not {said!r}.") from None
    if isinstance(said, date) and not isinstance(said, datetime):
        said = datetime.combine(said, time.max)
    if not isinstance(said, datetime):
        raise Invalid(f"{where}: expires must be a date such as 2027-01-31.")
    return int((said if said.tzinfo else said.replace(tzinfo=UTC)).timestamp() * 1000)


def _distinct(accounts: tuple[T, ...], kind: str, where: str) -> tuple[T, ...]:
    names = [getattr(account, "name") for account in accounts]  # noqa: B009 # both kinds have it, T does not say so
    if doubled := [name for name in names if names.count(name) > 1]:
        raise Invalid(f"{where}: two {kind} are called {doubled[0]!r}.")
    return accounts
