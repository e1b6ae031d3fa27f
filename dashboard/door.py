"""Who stands at the door: by a trusted proxy's word, a token, a name and password, or the cookie of a login."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.types import Scope

from core.access.asker import Asker
from core.access.directory import Directory
from core.settings import Settings
from core.store.contract import Store
from dashboard.attempts import Attempts
from dashboard.auth import Login
from dashboard.cookies import SESSION, is_secure, kept, sent
from dashboard.oidc_provider import Issuer
from dashboard.refused_logins import RefusedLogins
from dashboard.sessions import Session, Sessions

RETURN = "/login/return"
BY_PASSWORD, BY_PROVIDER = "password", "oidc"


@dataclass(frozen=True, slots=True)
class Known:
    """Somebody who was let in; `cookie` is the header by which their browser gets another cookie, where it does."""

    asker: Asker
    cookie: str | None = None


class Door:
    """Knows how each way in is opened. Whether a request needs one at all is the gate's business."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings = settings
        self.directory = Directory(settings)
        self.login = Login(self.directory.hashes)
        self.sessions = Sessions(store, settings.session_hours)
        self.attempts = Attempts(store)
        self.refused = RefusedLogins()
        self.issuer = _issuer(settings)

    @property
    def has_passwords(self) -> bool:
        """Whether anybody can come in by name and password."""
        return bool(self.directory.hashes)

    @property
    def has_page(self) -> bool:
        """Whether there is anything to do on a page to log in on."""
        return self.has_passwords or self.issuer is not None

    async def known(self, scope: Scope, headers: Headers) -> Known | None:
        """Who sends this request; None for a stranger. RateLimited where too many passwords are being tried."""
        if vouched := self._vouched(scope, headers):
            return Known(vouched)
        authorization = headers.get("authorization", "")
        scheme, _, secret = authorization.partition(" ")
        if scheme.lower() == "bearer":
            return _known(self.directory.bearer(secret.strip()))
        if scheme.lower() == "basic":
            name = await self.login.admits(authorization)
            return None if name is None else _known(self.directory.user(name))
        return await self._logged_in(scope, sent(SESSION, headers, self._settings))

    def _vouched(self, scope: Scope, headers: Headers) -> Asker | None:
        """Only a peer that is named is believed; anybody else may send that header for nothing."""
        proxy = self._settings.proxy
        if proxy is None or not (client := scope.get("client")) or not proxy.trusts(client[0]):
            return None
        said = headers.getlist(proxy.header)
        return self.directory.vouched(said[0], proxy.role) if len(said) == 1 and said[0] else None

    async def _logged_in(self, scope: Scope, cookie: str) -> Known | None:
        session = await self.sessions.find(cookie) if cookie else None
        who = self._of(session) if session else None
        if session is None or who is None:
            return None
        newer = await self.sessions.rotated(cookie, session)
        return Known(who, self._header(newer, session, scope) if newer else None)

    def _of(self, session: Session) -> Asker | None:
        """Whom a login is of by today's settings: none outlives its password, its group or its provider."""
        if session.way == BY_PROVIDER:
            same = session.bound == self.directory.provider_mark
            return self.directory.provided(session.name, session.group) if same else None
        same = session.bound == self.directory.password_mark(session.name) != ""
        return self.directory.user(session.name) if same else None

    async def let_in(self, name: str, scope: Scope, *, by: str, group: str = "") -> str:
        """The header that gives their browser the cookie of a new login. Whoever sat there before is out."""
        bound = self.directory.provider_mark if by == BY_PROVIDER else self.directory.password_mark(name)
        secure = is_secure(self._settings, scope)
        cookie, session = await self.sessions.begin(name, by, bound, group=group, secure=secure)
        await self.let_out(scope)
        return self._header(cookie, session, scope)

    async def let_out(self, scope: Scope) -> str:
        """The header that takes the cookie away; the login that it is of is over."""
        if former := sent(SESSION, Headers(scope=scope), self._settings):
            await self.sessions.end(former)
        return kept(SESSION, "", self._settings, seconds=0, secure=is_secure(self._settings, scope))

    def _header(self, cookie: str, session: Session, scope: Scope) -> str:
        # A browser says its origin only where it sends something, so what was so at the login stays so.
        secure = session.secure or is_secure(self._settings, scope)
        return kept(SESSION, cookie, self._settings, seconds=self.sessions.seconds_left(session), secure=secure)


def _issuer(settings: Settings) -> Issuer | None:
    if settings.oidc is None:
        return None
    return Issuer(settings.oidc, f"{settings.public_url.rstrip('/')}{settings.base_path}{RETURN}")


def _known(who: Asker | None) -> Known | None:
    return None if who is None else Known(who)
