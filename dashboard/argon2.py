"""Hashes by argon2id, `$argon2id$v=19$m=32768,t=3,p=1$salt$hash`: with the extra `argon2`, and within bounds."""

from __future__ import annotations

import re
from typing import Any

from core.errors import Invalid
from dashboard.extras import library

# As dear as ours by scrypt: 32 MiB a login.
MEMORY_KIB, PASSES, LANES = 32 * 1024, 3, 1
# One from elsewhere may be dearer, but not so dear that one login exhausts the machine.
MOST_MEMORY_KIB, MOST_WORK_KIB, MOST_LANES = 256 * 1024, 1024 * 1024, 16
_BASE64 = r"[A-Za-z0-9+/]"
_SHAPE = re.compile(
    rf"\$argon2id\$v=19\$m=(\d{{1,10}}),t=(\d{{1,10}}),p=(\d{{1,10}})\${_BASE64}{{11,86}}\${_BASE64}{{22,86}}"
)


def is_one(hashed: str) -> bool:
    """Whether it says that argon2 made it, whatever else is wrong with it."""
    return hashed.startswith("$argon2")


def check(hashed: str) -> None:
    """Raise Invalid, without echoing it, unless `verify` could use this hash."""
    match = _SHAPE.fullmatch(hashed)
    if match is None:
        raise Invalid(
            "password_hash is by argon2, but not whole or not of the kind $argon2id$v=19$m=…,t=…,p=…$salt$hash.",
            "`tickbird hash-password --argon2` prints one. Shells and compose files eat its $ signs: put it in '…' or "
            "a file, or write $$.",
        )
    memory, passes, lanes = (int(number) for number in match.groups())
    least = 8 * lanes
    if not (passes and lanes and lanes <= MOST_LANES and least <= memory <= MOST_MEMORY_KIB):
        raise Invalid(
            "password_hash asks for more than 256 MiB or 16 lanes a login, or for nothing.", "Make a new one."
        )
    if memory * passes > MOST_WORK_KIB:
        raise Invalid("password_hash asks for more than 1 GiB in all its passes a login.", "Make a new one.")
    _library()


def verify(password: bytes, hashed: str) -> bool:
    """Whether the hash was made of this password, in constant time."""
    check(hashed)
    argon2 = _library()
    try:
        return bool(argon2.low_level.verify_secret(hashed.encode(), password, argon2.Type.ID))
    except argon2.exceptions.VerificationError:
        return False


def hash_password(password: bytes) -> str:
    """A new hash, with its own salt."""
    made: str = _library().PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES).hash(password)
    return made


def _library() -> Any:
    return library("argon2", "argon2", "A hash by argon2")
