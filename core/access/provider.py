"""The [oidc] table: an OpenID provider that is asked who somebody is, and as what they come in then.

Everything it says of people is compared exactly, never by a pattern: `me@example.com.evil.example` is nobody here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from core.access.accounts import GRANT, Grant, grant_of
from core.access.tables import read_tables, text_of
from core.errors import Invalid

PREFIX = "oidc_"
OPENID = "openid"


@dataclass(frozen=True, slots=True)
class Group:
    """One [[oidc.groups]] table: who is in the group of exactly that name is given this."""

    name: str
    grant: Grant


@dataclass(frozen=True, slots=True)
class Provider:
    """`groups` in the order in which they are tried: the first that somebody is in decides. `role` is for all others
    whom the provider knows; empty: they are refused. `internal`: it may have an address that is not public."""

    issuer: str
    client_id: str
    client_secret: str = field(default="", repr=False)
    button: str = ""
    scopes: str = "openid profile email"
    name_claim: str = "email"
    groups_claim: str = "groups"
    groups: tuple[Group, ...] = ()
    role: str = ""
    internal: bool = False
    ca: str = ""

    @property
    def host(self) -> str:
        """The issuer's name, for people."""
        return urlsplit(self.issuer).hostname or self.issuer

    @property
    def called(self) -> str:
        """What stands on the button."""
        return self.button or f"Log in by {self.host}"

    @property
    def asked(self) -> str:
        """The scopes as they are sent; without `openid` there would be no token that tells who somebody is."""
        words = self.scopes.split()
        return " ".join(words if OPENID in words else [OPENID, *words])


def special(table: Any, where: str) -> dict[str, Any]:
    """What of the [oidc] of a file is no plain setting, taken out of it: the file of its secret, and its groups."""
    if not isinstance(table, dict):
        return {}
    found: dict[str, Any] = {}
    if "client_secret_file" in table:
        found["oidc_client_secret"] = _secret(table, where)
    groups = table.get("groups")
    if isinstance(groups, list) and groups and not all(isinstance(group, str) for group in groups):
        found["oidc_groups"] = read_tables(table.pop("groups"), "oidc.groups", where, ("name", *GRANT), _group)
    return found


def _secret(table: dict[str, Any], where: str) -> str:
    path = text_of(table, "client_secret_file", f"{where}: oidc")
    del table["client_secret_file"]
    if table.get("client_secret"):
        raise Invalid(f"{where}: oidc has both client_secret and client_secret_file.", "Take one out.")
    try:
        return Path(path).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(f"{where}: oidc.client_secret_file cannot be read: {path} ({error}).") from error


def _group(table: Mapping[str, Any], where: str) -> Group:
    name = text_of(table, "name", where)
    text_of(table, "role", f"{where} {name!r}")
    return Group(name, grant_of(table, f"{where} {name!r}"))


def provider(values: Mapping[str, Any]) -> Provider | None:
    """The provider that these settings make, by their attributes; None without any. Raises Invalid."""
    given = {name.removeprefix(PREFIX): value for name, value in values.items() if value not in ("", (), False)}
    if not given:
        return None
    for needed in ("issuer", "client_id"):
        if needed not in given:
            raise Invalid(f"A login by OpenID Connect needs oidc.{needed}.", "Take [oidc] out if there is none.")
    made = Provider(**{**given, "groups": _groups(given.get("groups", ()))})
    _check(made)
    return made


def _groups(said: Sequence[Group | str]) -> tuple[Group, ...]:
    groups = tuple(group if isinstance(group, Group) else _plain(group) for group in said)
    names = [group.name for group in groups]
    if doubled := [name for name in names if names.count(name) > 1]:
        raise Invalid(f"oidc.groups names {doubled[0]!r} twice.")
    return groups


def _plain(said: str) -> Group:
    """As the environment has them. A group's name may hold `=`, a role's name hardly."""
    name, _, role = (part.strip() for part in said.rpartition("="))
    if not name or not role:
        raise Invalid(
            f"oidc.groups has {said!r}.", 'Write "group=role", or a table [[oidc.groups]] with name and role.'
        )
    return Group(name, Grant(role))


def _check(made: Provider) -> None:
    try:
        parts = urlsplit(made.issuer)
        whole = parts.scheme in ("https", "http") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        whole = False
    if not whole or parts.query or parts.fragment or parts.username or any(c.isspace() for c in made.issuer):
        raise Invalid(
            f"oidc.issuer must be like https://id.example.com, not {made.issuer!r}.",
            "It is what the provider itself calls its issuer, letter by letter.",
        )
    if parts.scheme == "http" and not made.internal:
        raise Invalid(
            "oidc.issuer is not https: whoever sits in between could be anybody.",
            "Plain http is for a provider in your own network: oidc.internal = true.",
        )
    if not made.name_claim or not made.groups_claim:
        raise Invalid("oidc.name_claim and oidc.groups_claim must not be empty.")
