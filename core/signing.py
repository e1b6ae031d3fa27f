"""Signs what people are shown, so that what they agree to can be told from what they were not shown.

The key lies in the store, where the first Tickbird puts it and all others find it; without a store that lasts it is
this process' own. While the store is away a key of this process serves, which others do not know.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import secrets
import time
from contextlib import suppress

from core.errors import Unavailable
from core.store.contract import DAY, Record, Shelf, Store

log = logging.getLogger("tickbird.signing")
# It must outlive everything that it signed; whoever removes it from the store makes all of that stale.
KEYS = Shelf("keys", ("key",), most=8, bytes=64 * 1024, age=3650 * DAY)
_NAME, _LEASE = "signing", "signing-key"
# How long one who puts the key there may take (ms), and how often others look for it meanwhile (seconds).
_PATIENCE, _EVERY = 2_000, 0.05
_SIZE = 32


class Signer:
    """HMAC-SHA-256 over texts."""

    def __init__(self, store: Store) -> None:
        self._store, self._holder = store, secrets.token_hex(8)
        self._own, self._shared = secrets.token_bytes(_SIZE), b""

    async def ready(self) -> None:
        """Find the key that all share, or put it there. While the store is away the own one serves."""
        if self._shared:
            return
        try:
            self._shared = await self._found() or await self._put()
        except Unavailable:
            log.debug("the key to sign with is this process' own: the store is away")

    def sign(self, text: str) -> str:
        """The signature, 64 hexadecimal digits."""
        return _signed(self._shared or self._own, text)

    def signed(self, text: str, signature: str) -> bool:
        """Whether this text was signed so, here or by another who shares the store."""
        said = signature.encode("utf-8", "replace")
        keys = [key for key in (self._shared, self._own) if key]
        return any(hmac.compare_digest(_signed(key, text).encode(), said) for key in keys)

    async def _found(self) -> bytes:
        record = (await self._store.read(KEYS, [_NAME])).get(_NAME)
        if record is None:
            return b""
        with suppress(ValueError):
            return bytes.fromhex(record.parts.get("key", ""))
        return b""

    async def _put(self) -> bytes:
        """One puts it there, whoever comes first; the others wait for it."""
        deadline = time.monotonic() + _PATIENCE / 1000
        while not await self._store.take(_LEASE, self._holder, _PATIENCE):
            await asyncio.sleep(_EVERY)
            if (key := await self._found()) or time.monotonic() > deadline:
                return key
        try:
            if key := await self._found():
                return key
            now = time.time_ns() // 1_000_000
            await self._store.put(KEYS, Record(_NAME, now, {"key": self._own.hex()}), held=True)
            return self._own
        finally:
            await self._store.release(_LEASE, self._holder)


def _signed(key: bytes, text: str) -> str:
    return hmac.new(key, text.encode("utf-8", "surrogatepass"), "sha256").hexdigest()
