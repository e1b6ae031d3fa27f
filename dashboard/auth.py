"""Names and passwords: whether they are right, how often one may guess, and what is remembered of the answer."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import ipaddress
import logging
import secrets
import time
from collections.abc import Callable, Mapping

from core.errors import Invalid, RateLimited
from core.settings import Settings
from dashboard.oidc_http import check_usable
from dashboard.passwords import check_hash, verify

log = logging.getLogger("tickbird.dashboard.auth")

# No password manager writes longer ones, and each costs us a digest before we know who asks.
LONGEST_CREDENTIALS = 1024


def check_bind(settings: Settings) -> None:
    """Raise Invalid where serving as configured would let strangers in, or nobody: call it before listening."""
    check_login(settings)
    if not settings.login and not is_loopback(settings.host) and not settings.insecure_no_auth:
        raise Invalid(
            f"Without a login Tickbird listens on this machine only, not on {settings.host or 'every address'!r}.",
            "Set TICKBIRD_USER and TICKBIRD_PASSWORD_HASH (`tickbird hash-password` prints it), "
            "or say --insecure-no-auth if something in front of it asks who is there.",
        )


def check_login(settings: Settings) -> None:
    """Raise Invalid where a way in that is configured could let nobody in."""
    for hashed in (settings.password_hash, *(user.password_hash for user in settings.users)):
        if hashed:
            check_hash(hashed)
    if settings.oidc:
        check_usable(settings.oidc)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach that address; a name other than localhost counts as public."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


class Throttle:
    """Spaces out guesses at a password: a place in a short line, further apart after failures.

    Who knows the password passes whenever their turn comes, however many failures came before: there is no lock-out
    to inflict on them. Only a full line turns people away, and it moves on twice a second even under attack.
    """

    PACE = 0.1
    PACE_UNDER_ATTACK = 0.5
    LONGEST_WAIT = 8.0
    FREE_FAILURES = 5.0
    FORGIVEN_PER_SECOND = 0.1

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._next_turn = self._seen_at = clock()
        self._failures = 0.0

    def wait(self) -> float:
        """Take a place in the line: the seconds until its turn. RateLimited where the line is full."""
        now = self._clock()
        turn = max(self._next_turn, now)
        if turn - now > self.LONGEST_WAIT:
            raise RateLimited("Too many people, or one program, are trying passwords.", "Try again in a few seconds.")
        self._next_turn = turn + (self.PACE_UNDER_ATTACK if self._recent(now) > self.FREE_FAILURES else self.PACE)
        return turn - now

    def failed(self) -> None:
        """Count a wrong guess."""
        self._failures = self._recent(self._clock()) + 1

    def _recent(self, now: float) -> float:
        forgiven = (now - self._seen_at) * self.FORGIVEN_PER_SECOND
        self._failures, self._seen_at = max(0.0, self._failures - forgiven), now
        return self._failures


class Login:
    """Users and their passwords. What was right once is remembered, so scrypt is paid once, not per request."""

    WRONG_REMEMBERED = 64
    RIGHT_REMEMBERED = 1000

    def __init__(self, hashes: Mapping[str, str], throttle: Throttle | None = None) -> None:
        self._hashes = {name.encode("utf-8", "surrogateescape"): hashed for name, hashed in hashes.items()}
        self._throttle = throttle or Throttle()
        self._one_at_a_time = asyncio.Lock()
        # Digests under a key that dies with the process: a copy of our memory's tables gives no password away.
        self._key = secrets.token_bytes(32)
        self._right: dict[bytes, None] = {}
        self._wrong: dict[bytes, None] = {}
        self._trying: dict[bytes, asyncio.Task[bool]] = {}

    async def admits(self, authorization: str) -> str | None:
        """The name of the user whose Basic Authorization this is. RateLimited where too many others are tried."""
        credentials = _basic(authorization)
        return None if credentials is None else await self._named(credentials)

    async def knows(self, user: str, password: str) -> bool:
        """Whether that is the user's password. RateLimited where too many others are being tried."""
        credentials = f"{user}:{password}".encode("utf-8", "surrogateescape")
        if ":" in user or len(credentials) > LONGEST_CREDENTIALS:
            return False
        return await self._named(credentials) is not None

    async def _named(self, credentials: bytes) -> str | None:
        digest = hmac.digest(self._key, credentials, hashlib.sha256)
        known = self._remembered(digest)
        right = known if known is not None else await asyncio.shield(self._try(credentials, digest))
        return credentials.partition(b":")[0].decode("utf-8", "surrogateescape") if right else None

    def _remembered(self, digest: bytes) -> bool | None:
        if digest in self._right:
            return True
        return False if digest in self._wrong else None

    def _try(self, credentials: bytes, digest: bytes) -> asyncio.Task[bool]:
        """The try of these credentials. All who send them meanwhile share it: a page's parts, tabs after a restart."""
        trying = self._trying.get(digest)
        if trying is None or trying.done():
            wait = self._throttle.wait()
            trying = self._trying[digest] = asyncio.create_task(self._tried(credentials, digest, wait))
            trying.add_done_callback(lambda _: self._trying.pop(digest, None))
        return trying

    async def _tried(self, credentials: bytes, digest: bytes, wait: float) -> bool:
        await asyncio.sleep(wait)
        async with self._one_at_a_time:
            right = await self._is_right(credentials)
        self._remember(digest, right=right)
        return right

    async def _is_right(self, credentials: bytes) -> bool:
        user, _, password = credentials.partition(b":")
        if not self._hashes:
            return False
        # A name that nobody has is put to somebody's hash, so that it takes as long as a wrong password.
        hashed = self._hashes.get(user) or next(iter(self._hashes.values()))
        matches = await asyncio.to_thread(verify, password.decode("utf-8", "surrogateescape"), hashed)
        return user in self._hashes and matches

    def _remember(self, digest: bytes, *, right: bool) -> None:
        if right:
            _put(self._right, digest, self.RIGHT_REMEMBERED)
            return
        log.warning("somebody tried to log in with a wrong name or password")
        self._throttle.failed()
        _put(self._wrong, digest, self.WRONG_REMEMBERED)


def _put(digests: dict[bytes, None], digest: bytes, most: int) -> None:
    digests[digest] = None
    if len(digests) > most:
        del digests[next(iter(digests))]


def _basic(authorization: str) -> bytes | None:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic" or len(encoded) > LONGEST_CREDENTIALS:
        return None
    try:
        return base64.b64decode(encoded.strip(), validate=True)
    except ValueError:
        return None


def bears(authorization: str, token: str) -> bool:
    """Whether this Authorization header is that bearer token; an empty token is nobody's."""
    scheme, _, sent = authorization.partition(" ")
    same = hmac.compare_digest(sent.strip().encode("utf-8", "replace"), token.encode("utf-8", "replace"))
    return bool(token) and scheme.lower() == "bearer" and same
