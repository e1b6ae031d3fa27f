"""Who stands at the door: by a trusted proxy's word, a token, a name and password, or the cookie of a login."""

from __future__ import annotations

from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie

from starlette.datastructures import Headers
from starlette.types import Scope

from core.access.asker import Asker
from core.access.directory import Directory
from core.settings import Settings
from core.store.contract import Store
from dashboard.auth import Login
from dashboard.sessions import COOKIE, Sessions


@dataclass(frozen=True, slots=True)
class Known:
    """Somebody who was let in; `cookie` is what their browser is to keep from now on, where that changes."""

    asker: Asker
    cookie: str | None = None


class Door:
    """Knows how each way in is opened. Whether a request needs one at all is the gate's business."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self.directory = Directory(settings)
        self.login = Login(self.directory.hashes)
        self.sessions = Sessions(store, settings.session_hours)
        self._proxy = settings.proxy

    async def known(self, scope: Scope, headers: Headers) -> Known | None:
        """Who sends this request; None for a stranger. RateLimited where too many passwords are being tried."""
        if vouched := self._vouched(scope, headers):
            return Known(vouched)
        authorization = headers.get("authorization", "")
        scheme, _, sent = authorization.partition(" ")
        if scheme.lower() == "bearer":
            return _known(self.directory.bearer(sent.strip()))
        if scheme.lower() == "basic":
            name = await self.login.admits(authorization)
            return None if name is None else _known(self.directory.user(name))
        return await self._logged_in(cookie_of(headers))

    def _vouched(self, scope: Scope, headers: Headers) -> Asker | None:
        """Only a peer that is named is believed; anybody else may send that header for nothing."""
        if self._proxy is None or not (client := scope.get("client")) or not self._proxy.trusts(client[0]):
            return None
        said = headers.getlist(self._proxy.header)
        return self.directory.vouched(said[0], self._proxy.role) if len(said) == 1 and said[0] else None

    async def _logged_in(self, cookie: str) -> Known | None:
        session = await self.sessions.find(cookie) if cookie else None
        if session is None:
            return None
        who = self.directory.vouched(session.name, session.role)
        return None if who is None else Known(who, await self.sessions.rotated(cookie, session))


def _known(who: Asker | None) -> Known | None:
    return None if who is None else Known(who)


def cookie_of(headers: Headers) -> str:
    """The cookie of the login that a request carries; empty where it carries none."""
    try:
        cookies = SimpleCookie("; ".join(headers.getlist("cookie")))
    except CookieError:
        return ""
    return cookies[COOKIE].value if COOKIE in cookies else ""
