"""Where a key of a cluster lives: one of 16,384 slots, by its hash tag if it has one. Pure."""

from __future__ import annotations

from binascii import crc_hqx

SLOTS = 16_384


def slot(key: bytes) -> int:
    """The slot: CRC-16 of what stands between the first brace and the next closing one, or of the whole key."""
    return crc_hqx(hash_tag(key) or key, 0) % SLOTS


def hash_tag(key: bytes) -> bytes:
    """What decides about the slot instead of the whole key; empty where nothing does."""
    _, opened, rest = key.partition(b"{")
    tag, closed, _ = rest.partition(b"}")
    return tag if opened and closed else b""
