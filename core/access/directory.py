"""Everybody who may come in, and as whom: what names, passwords and tokens are worth under these settings."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Mapping

from core.access.accounts import Grant, Token
from core.access.asker import Asker
from core.access.roles import permissions
from core.settings import Settings


class Directory:
    """The accounts of the settings. It knows nobody's password, only what their hashes are."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._grants = {user.name: user.grant for user in settings.users}
        self.hashes: Mapping[str, str] = {
            user.name: user.password_hash for user in settings.users if user.password_hash
        }
        if settings.user and settings.password_hash:
            self._grants[settings.user] = Grant("admin")
            self.hashes = {**self.hashes, settings.user: settings.password_hash}

    def password_mark(self, name: str) -> str:
        """What a login by that user's password stands and falls with; empty for who has none."""
        return _mark("password", self.hashes[name]) if name in self.hashes else ""

    @property
    def provider_mark(self) -> str:
        """The same of a login by the provider."""
        oidc = self._settings.oidc
        return _mark("provider", oidc.issuer, oidc.client_id) if oidc else ""

    @property
    def everybody(self) -> Asker:
        """Whoever comes where nobody has to log in."""
        return self._asker("", Grant("admin"))

    def user(self, name: str) -> Asker | None:
        """The user of exactly that name."""
        grant = self._grants.get(name)
        return None if grant is None else self._asker(name, grant)

    def vouched(self, name: str, role: str) -> Asker | None:
        """Who somebody trusted says is there: the user of that name, or one with this role, if there is one."""
        return self.user(name) or (self._asker(name, Grant(role)) if role else None)

    def provided(self, name: str, group: str) -> Asker | None:
        """Whom the provider says is there, by the group that decided when they came in, if any did. A name that has a
        password here is its own alone: whoever is called so elsewhere need not be the same."""
        oidc = self._settings.oidc
        if oidc is None or name in self.hashes:
            return None
        if user := self.user(name):
            return user
        given = [each.grant for each in oidc.groups if each.name == group]
        if group or not oidc.role:
            return self._asker(name, given[0]) if given else None
        return self._asker(name, Grant(oidc.role))

    def bearer(self, token: str) -> Asker | None:
        """Whose token this is; None also when it has expired."""
        digest = hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()
        # All are compared, so that how long it takes tells nothing of which one is near.
        found = [each for each in self._settings.tokens if hmac.compare_digest(each.digest, digest)]
        return self._asker(found[0].name, found[0].grant) if found and not _expired(found[0]) else None

    def _asker(self, name: str, grant: Grant) -> Asker:
        may = permissions(grant.role, self._settings.roles, self._settings.allow)
        return Asker(name, grant.role, may, grant.instances, grant.queues)


def _mark(*parts: str) -> str:
    digest = hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape"))
    return digest.hexdigest()[:32]


def _expired(token: Token) -> bool:
    return token.expires is not None and token.expires <= time.time_ns() // 1_000_000
