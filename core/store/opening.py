"""Which store there is: in memory, or where `state_url` says."""

from __future__ import annotations

from core.store.contract import Store
from core.store.memory import MemoryStore
from core.store.remote import RedisStore


def open_store(state_url: str) -> Store:
    """It connects when it is first asked."""
    return RedisStore(state_url) if state_url else MemoryStore()
