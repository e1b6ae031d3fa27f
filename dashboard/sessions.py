"""Who is logged in: one record for each login, and a cookie for it of which only the digest is kept.

A cookie in use for an hour is replaced. The one before stays good until its successor comes in for the first time: only
then has the browser got it for sure, for an answer may be lost. From then on it is good for `GRACE` more, for the parts
of one page that were already on their way. Whoever comes with it later holds a copy, and ends the login for all.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import re
import secrets
import time
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass, replace

from core.clock import steady
from core.errors import Invalid, Unavailable
from core.store.contract import Record, Shelf, Store
from core.store.shapes import read, written

log = logging.getLogger("tickbird.dashboard.sessions")
HOUR = 3_600_000
ROTATED_AFTER = HOUR
# A browser opens six connections, and sends its headers at once: what left with the old cookie is here by then (ms).
GRACE = 10_000
# A successor that nobody came in with was lost; after so long there is another (ms).
LOST_AFTER = 60_000
# What another replica ended is let in here for this long, and a store that is away logs nobody out (ms).
TRUSTED_FOR = 5_000
MOST_REMEMBERED = 1000
# Of one name: whoever logs in once more ends the oldest of their own, and nobody else's.
MOST_OF_ONE = 50
# How the part of a cookie that leads to its owner's logins is written: nothing else is looked up.
_PLACE = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Session:
    """One login: whose, by which way, since when (ms). `bound` is what it stands and falls with: a digest of the
    password's hash, or of the provider; `group` the one at the provider whose role they have.

    `digest` is the cookie's, `next` that of its successor while that was not seen yet, `before` that of its
    predecessor, good until `until`; `issued` the instant since which the cookie is in use.
    """

    name: str
    way: str
    bound: str
    begun: int
    issued: int
    digest: str
    group: str = ""
    secure: bool = False
    next: str = ""
    before: str = ""
    until: int = 0


class Sessions:
    """Kept in `store`: with a lasting one they outlive a restart, and all replicas know them. Those of each name lie on
    a shelf of their own, which their cookies name: so the store itself bounds them, name by name."""

    def __init__(self, store: Store, hours: int) -> None:
        self._store = store
        self._age = hours * HOUR
        self._remembered: OrderedDict[str, tuple[Session, int]] = OrderedDict()

    async def begin(
        self, name: str, way: str, bound: str, *, group: str = "", secure: bool = False
    ) -> tuple[str, Session]:
        """A cookie for who has just shown who they are. Raises Unavailable while the store is away."""
        now, secret = _now(), secrets.token_urlsafe(32)
        told = f"{_place(name)}-{secrets.token_urlsafe(16)}"
        session = Session(name, way, bound, now, now, _digest(secret), group, secure)
        id, _ = _parts(f"{told}.{secret}")
        await self._store.put(self._shelf(id), _record(id, session))
        self._remember(id, session)
        return f"{told}.{secret}", session

    async def find(self, cookie: str) -> Session | None:
        """Whose cookie this is; None for one that never was, was ended or replaced, or is too old."""
        id, digest = _parts(cookie)
        known = self._remembered.get(id)
        session = known[0] if known and known[1] > steady() else await self._read(id, known)
        if session and not _fits(session, digest):
            # What is remembered may be old, and while the store is away nobody can say.
            session = await self._read(id, None)
        if session is None or session.begun + self._age < _now():
            self._remembered.pop(id, None)
            return None
        return await self._admitted(id, digest, session)

    async def _admitted(self, id: str, digest: str, session: Session) -> Session | None:
        if _same(session.next, digest):
            came = replace(session, digest=digest, next="", before=session.digest, issued=_now(), until=_now() + GRACE)
            return await self._noted(id, came)
        if _fits(session, digest):
            return session
        log.warning("a login of %r ends: a cookie of it was used that had been replaced", session.name)
        with suppress(Unavailable):
            await self._forget(id)
        return None

    async def rotated(self, cookie: str, session: Session) -> str | None:
        """The cookie that is to replace one which is in use for long; None while it need not be."""
        (id, digest), now = _parts(cookie), _now()
        if session.digest != digest or session.issued + ROTATED_AFTER > now:
            return None
        try:
            # One of all the parts of a page, and of all replicas: two successors would make one of them a stranger's.
            if not await self._store.take(f"session-{id}", secrets.token_hex(8), LOST_AFTER):
                return None
            newest = await self._read(id, None)
            if newest is None or newest.digest != digest:
                return None
            secret = secrets.token_urlsafe(32)
            if not await self._replaced(id, replace(newest, next=_digest(secret))):
                return None
        except Unavailable:
            return None
        return f"{cookie.partition('.')[0]}.{secret}"

    async def end(self, cookie: str) -> None:
        """Log out: this cookie, its predecessor and its successor open nothing any more."""
        id, digest = _parts(cookie)
        session = await self._read(id, None)
        if session and (_fits(session, digest) or _same(session.next, digest)):
            await self._forget(id)

    async def end_all(self, name: str) -> int:
        """Log out everywhere who is called so; how many logins that were. Raises Unavailable."""
        theirs = await self._store.newest(self._shelf(_place(name)), MOST_OF_ONE)
        for id in theirs:
            await self._forget(id)
        return len(theirs)

    def seconds_left(self, session: Session) -> int:
        """How long a browser needs to keep its cookie."""
        return max(1, (session.begun + self._age - _now()) // 1000)

    async def _forget(self, id: str) -> None:
        self._remembered.pop(id, None)
        await self._store.delete(self._shelf(id), id)

    async def _noted(self, id: str, session: Session) -> Session | None:
        try:
            return session if await self._replaced(id, session) else None
        except Unavailable:
            log.debug("that a new cookie came in is noted by the next request: the store is away")
        return session

    async def _replaced(self, id: str, session: Session) -> bool:
        """Whether it is noted: not of a login that was ended in the meantime, which must not come back."""
        there = await self._store.replace(self._shelf(id), _record(id, session))
        if there:
            self._remember(id, session)
        else:
            self._remembered.pop(id, None)
        return there

    def _shelf(self, id: str) -> Shelf:
        """Where the logins lie of whose one this is."""
        place = id.partition("-")[0]
        return Shelf(f"sessions-{place}", ("is",), most=MOST_OF_ONE, bytes=1_000_000, age=self._age)

    async def _read(self, id: str, known: tuple[Session, int] | None) -> Session | None:
        if not id:
            return None
        try:
            record = (await self._store.read(self._shelf(id), [id])).get(id)
        except Unavailable:
            return known[0] if known else None
        session = _opened(record) if record else None
        if session:
            self._remember(id, session)
        return session

    def _remember(self, id: str, session: Session) -> None:
        self._remembered[id] = session, steady() + TRUSTED_FOR
        self._remembered.move_to_end(id)
        if len(self._remembered) > MOST_REMEMBERED:
            self._remembered.popitem(last=False)


def _fits(session: Session, digest: str) -> bool:
    """Whether that cookie is the login's own, or the one before while that is still on its way."""
    return _same(session.digest, digest) or (_same(session.before, digest) and _now() < session.until)


def _same(known: str, digest: str) -> bool:
    return bool(known) and hmac.compare_digest(known, digest)


def _opened(record: Record) -> Session | None:
    """None for one of another version of Tickbird: they log in once more."""
    try:
        return read(Session, record.parts["is"])
    except (Invalid, KeyError):
        return None


def _parts(cookie: str) -> tuple[str, str]:
    """What the login is kept under, empty where it can be none of ours, and the digest of the secret."""
    told, _, secret = cookie.partition(".")
    place = told.partition("-")[0]
    return f"{place}-{_digest(told)}" if _PLACE.fullmatch(place) else "", _digest(secret)


def _place(name: str) -> str:
    """What the shelf with the logins of that name is called by."""
    return _digest(name)[:32]


def _record(id: str, session: Session) -> Record:
    return Record(id, session.begun, {"is": written(session)})


def _digest(value: str) -> str:
    return hashlib.sha256(value.encode("utf-8", "surrogateescape")).hexdigest()


def _now() -> int:
    return time.time_ns() // 1_000_000
