"""Password hashes that say how they were made: `scrypt$ln=15,r=8,p=1$salt$hash`, and argon2 as everybody writes it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
import unicodedata
from dataclasses import dataclass

from core.errors import Invalid
from dashboard import argon2

# 32 MiB and about a tenth of a second a guess: enough against a stolen hash, small enough for a 128 MB container.
LOG2_N, R, P = 15, 8, 1
# A hash from elsewhere may be dearer, but not so dear that one login exhausts the machine.
_MEMORY_LIMIT = 256 * 1024 * 1024
_SHAPE = re.compile(r"scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{16,86})\$([A-Za-z0-9+/]{43,86})")


@dataclass(frozen=True, slots=True)
class _Hash:
    log2_n: int
    r: int
    p: int
    salt: bytes
    digest: bytes

    def of(self, password: str) -> bytes:
        """The digest that this password gives with our parameters."""
        return hashlib.scrypt(
            _plain(password),
            salt=self.salt,
            n=1 << self.log2_n,
            r=self.r,
            p=self.p,
            maxmem=2 * _MEMORY_LIMIT,
            dklen=len(self.digest),
        )


def hash_password(password: str, *, by_argon2: bool = False) -> str:
    """A new hash, with its own salt; Invalid for an empty password, or where the extra `argon2` is wanted and not
    installed."""
    if not password:
        raise Invalid("An empty password protects nothing.")
    if by_argon2:
        return argon2.hash_password(_plain(password))
    blank = _Hash(LOG2_N, R, P, secrets.token_bytes(16), bytes(32))
    return f"scrypt$ln={LOG2_N},r={R},p={P}${_encoded(blank.salt)}${_encoded(blank.of(password))}"


def verify(password: str, hashed: str) -> bool:
    """Whether the hash was made of this password, in constant time; takes about 0.1 s, so not for the event loop."""
    if argon2.is_one(hashed):
        return argon2.verify(_plain(password), hashed)
    parsed = _parsed(hashed)
    return hmac.compare_digest(parsed.of(password), parsed.digest)


def check_hash(hashed: str) -> None:
    """Raise Invalid, without echoing it, unless `verify` could use this hash."""
    if argon2.is_one(hashed):
        argon2.check(hashed)
    else:
        _parsed(hashed)


def _parsed(hashed: str) -> _Hash:
    match = _SHAPE.fullmatch(hashed)
    if match is None:
        raise Invalid(
            "password_hash is not a hash such as scrypt$ln=15,r=8,p=1$salt$hash or $argon2id$v=19$….",
            "`tickbird hash-password` prints one. Shells and compose files eat its $ signs: put it in '…' or a file, "
            "or write $$.",
        )
    log2_n, r, p = (int(number) for number in match.groups()[:3])
    if not (log2_n and r and p and p <= 16 and 128 * r * (1 << log2_n) <= _MEMORY_LIMIT):
        raise Invalid("password_hash asks for more than 256 MiB a login, or for nothing.", "Make a new one.")
    return _Hash(log2_n, r, p, _decoded(match[4]), _decoded(match[5]))


def _plain(password: str) -> bytes:
    # A keyboard may write é as one character or as two; both are the same password.
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogateescape")


def _encoded(value: bytes) -> str:
    return base64.b64encode(value).decode().rstrip("=")


def _decoded(value: str) -> bytes:
    try:
        return base64.b64decode(value + "=" * (-len(value) % 4), validate=True)
    except ValueError:
        raise Invalid("password_hash is cut short.", "Copy it whole, or make a new one.") from None
