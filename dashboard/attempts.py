"""A login at a provider that has begun here: bound to the browser that began it, for a few minutes, and good once.

The browser keeps it in a cookie, signed. Nothing is kept here meanwhile, so that strangers who begin many fill nothing.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass

from core.errors import Forbidden
from core.signing import Signer
from core.store.contract import Store

SECONDS = 600
MOST_REMEMBERED = 10_000
_AGAIN = "Begin once more."


@dataclass(frozen=True, slots=True)
class Attempt:
    """`seed` is a secret of this browser's; `wanted` where they wanted to go; `until` an instant (ms)."""

    seed: str
    wanted: str
    until: int

    @property
    def state(self) -> str:
        """Comes back with the answer: it answers what this browser asked."""
        return self._derived("state")

    @property
    def nonce(self) -> str:
        """Comes back inside the token: it was made for this login, and for no earlier one."""
        return self._derived("nonce")

    @property
    def verifier(self) -> str:
        """Goes with the code when it is exchanged: a code that leaked is of no use without (PKCE)."""
        return self._derived("verifier")

    def _derived(self, what: str) -> str:
        digest = hmac.digest(self.seed.encode(), what.encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")


class Attempts:
    """Makes and reads the cookies."""

    def __init__(self, store: Store) -> None:
        self._signer = Signer(store)
        self._over: OrderedDict[str, int] = OrderedDict()

    async def begin(self, wanted: str) -> tuple[Attempt, str]:
        """A new one, and its cookie."""
        await self._signer.ready()
        attempt = Attempt(secrets.token_urlsafe(32), wanted, _now() + SECONDS * 1000)
        content = json.dumps([attempt.seed, attempt.wanted, attempt.until]).encode()
        said = base64.urlsafe_b64encode(content).decode().rstrip("=")
        return attempt, f"{said}.{self._signer.sign(_meant(said))}"

    async def finished(self, cookie: str, state: str) -> Attempt:
        """The one that an answer with this state belongs to. Raises Forbidden for any other, and the second time."""
        await self._signer.ready()
        attempt = self._opened(cookie)
        if attempt is None:
            raise Forbidden("This login was not begun in this browser, or too long ago.", _AGAIN)
        if not hmac.compare_digest(attempt.state.encode(), state.encode("utf-8", "surrogateescape")):
            raise Forbidden("This answer does not belong to the login that this browser began last.", _AGAIN)
        if attempt.state in self._over:
            raise Forbidden("This login is over already.", _AGAIN)
        self._over[attempt.state] = attempt.until
        while len(self._over) > MOST_REMEMBERED or next(iter(self._over.values())) < _now():
            self._over.popitem(last=False)
        return attempt

    def _opened(self, cookie: str) -> Attempt | None:
        said, _, signature = cookie.partition(".")
        if not self._signer.signed(_meant(said), signature):
            return None
        attempt = Attempt(*json.loads(base64.urlsafe_b64decode(said + "=" * (-len(said) % 4))))
        return attempt if attempt.until > _now() else None


def _meant(said: str) -> str:
    # The same key signs other things; one is never taken for another.
    return f"login attempt {said}"


def _now() -> int:
    return time.time_ns() // 1_000_000
