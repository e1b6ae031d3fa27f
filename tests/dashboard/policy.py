"""The content security policy of the pages, and the nonce in it."""

from __future__ import annotations

import re

POLICY = re.compile(
    "default-src 'none'; script-src 'nonce-([A-Za-z0-9_-]{22})'; style-src 'nonce-\\1'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types tickbird"
)


def nonce_of(policy: str) -> str:
    """What the policy lets in, where it is ours and no looser."""
    found = POLICY.fullmatch(policy)
    assert found, policy
    return found[1]
