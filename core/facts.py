"""What a Redis says of itself, from `INFO`."""

from __future__ import annotations

from core.snapshot import RedisFacts
from core.text import text


def facts(info: bytes, now: int | None = None) -> RedisFacts:
    """The few lines of INFO that matter to queues; Valkey's own version, not the one it shows for compatibility.
    `now`: when it came, ms since the epoch, for how far its clock is off."""
    said = dict(line.split(":", 1) for line in text(info).splitlines() if ":" in line)
    valkey = said.get("server_name") == "valkey" or "valkey_version" in said
    clock = _number(said, "server_time_usec")
    return RedisFacts(
        flavour="valkey" if valkey else "redis",
        version=said.get("valkey_version", said.get("redis_version", "?")),
        mode=said.get("server_mode", said.get("redis_mode", "standalone")),
        role=said.get("role", "?"),
        policy=said.get("maxmemory_policy"),
        memory_used=_number(said, "used_memory"),
        memory_max=_number(said, "maxmemory"),
        clients=_number(said, "connected_clients"),
        evicted_keys=_number(said, "evicted_keys"),
        rejected_connections=_number(said, "rejected_connections"),
        uptime_seconds=_number(said, "uptime_in_seconds"),
        skew=clock // 1000 - now if clock and now is not None else None,
    )


def _number(said: dict[str, str], name: str) -> int:
    try:
        return int(said.get(name, "0"))
    except ValueError:
        return 0
