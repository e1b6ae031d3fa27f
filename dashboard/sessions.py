"""Who is logged in: a random cookie each, of which only the digest is kept, until it is ended or too old."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass, replace

from core.errors import Invalid, Unavailable
from core.store.contract import Record, Shelf, Store
from core.store.shapes import read, written

COOKIE = "tickbird_session"
HOUR = 3_600_000
# A cookie that leaked is of use for this long at most, while its owner goes on with a newer one.
ROTATED_AFTER = HOUR
# Parts of one page that are still on their way with the cookie before.
GRACE = 60_000
# What another replica ended is let in here for this long, and a store that is away logs nobody out (ms).
TRUSTED_FOR = 5_000
MOST_REMEMBERED = 1000


@dataclass(frozen=True, slots=True)
class Session:
    """One login: whose, by which way, with which role (where no user's settings say it), and since when (ms)."""

    name: str
    way: str
    begun: int
    issued: int
    role: str = ""
    until: int = 0


class Sessions:
    """Kept in `store`: with a lasting one they outlive a restart, and all replicas know them."""

    def __init__(self, store: Store, hours: int) -> None:
        self._store = store
        self._age = hours * HOUR
        self._shelf = Shelf("sessions", ("is",), most=10_000, bytes=8_000_000, age=self._age)
        self._remembered: OrderedDict[str, tuple[Session, int]] = OrderedDict()

    async def begin(self, name: str, way: str, role: str = "") -> str:
        """A new cookie for who has just shown who they are."""
        now = _now()
        return await self._issue(Session(name, way, now, now, role))

    async def find(self, cookie: str) -> Session | None:
        """Whose cookie this is; None for one that never was, was ended, or is too old."""
        id, now = _id(cookie), _now()
        known = self._remembered.get(id)
        session = known[0] if known and known[1] > now else await self._read(id, known)
        if session is None or session.begun + self._age < now or (session.until and session.until < now):
            self._remembered.pop(id, None)
            return None
        return session

    async def rotated(self, cookie: str, session: Session) -> str | None:
        """The cookie that replaces one which is in use for long; None while it need not be."""
        now = _now()
        if session.until or session.issued + ROTATED_AFTER > now:
            return None
        await self._put(_id(cookie), replace(session, until=now + GRACE))
        return await self._issue(replace(session, issued=now))

    async def end(self, cookie: str) -> None:
        """Log out."""
        id = _id(cookie)
        self._remembered.pop(id, None)
        await self._store.delete(self._shelf, id)

    async def _issue(self, session: Session) -> str:
        cookie = secrets.token_urlsafe(32)
        await self._put(_id(cookie), session)
        return cookie

    async def _put(self, id: str, session: Session) -> None:
        await self._store.put(self._shelf, Record(id, session.issued, {"is": written(session)}))
        self._remember(id, session)

    async def _read(self, id: str, known: tuple[Session, int] | None) -> Session | None:
        try:
            record = (await self._store.read(self._shelf, [id])).get(id)
            session = read(Session, record.parts["is"]) if record else None
        except Unavailable:
            return known[0] if known else None
        except Invalid:
            return None
        if session:
            self._remember(id, session)
        return session

    def _remember(self, id: str, session: Session) -> None:
        self._remembered[id] = session, _now() + TRUSTED_FOR
        self._remembered.move_to_end(id)
        if len(self._remembered) > MOST_REMEMBERED:
            self._remembered.popitem(last=False)


def _id(cookie: str) -> str:
    return hashlib.sha256(cookie.encode("utf-8", "surrogateescape")).hexdigest()


def _now() -> int:
    return time.time_ns() // 1_000_000
