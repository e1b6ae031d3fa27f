"""What one Redis server says of itself in INFO, as a value; None where it does not say. Sizes are bytes."""

from __future__ import annotations

from dataclasses import dataclass

from core.text import text


@dataclass(frozen=True, slots=True)
class Replica:
    """A replica as its master sees it. `lag` is milliseconds since it was last heard of."""

    address: str
    state: str
    lag: int | None


@dataclass(frozen=True, slots=True)
class Persistence:
    """What of its data outlives the server. `saved_at` is an instant; `changes` were made since then."""

    loading: bool = False
    saved_at: int | None = None
    changes: int | None = None
    saving: bool = False
    save_failed: bool = False
    aof: bool = False
    aof_failed: bool = False


@dataclass(frozen=True, slots=True)
class Server:
    """One server; `address` is empty for the only one of an instance. `link` is a replica's to its master."""

    address: str
    flavour: str
    version: str
    mode: str
    role: str
    uptime: int | None
    memory_used: int | None
    memory_peak: int | None
    memory_resident: int | None
    memory_max: int | None
    memory_host: int | None
    policy: str | None
    clients: int | None
    blocked: int | None
    clients_max: int | None
    rejected: int | None
    evicted: int | None
    commands: int | None
    per_second: int | None
    persistence: Persistence
    replicas: tuple[Replica, ...] = ()
    link: str = ""


def server(address: str, info: bytes) -> Server:
    """From the reply to INFO; Valkey's own version, not the one it shows for compatibility."""
    said = dict(line.split(":", 1) for line in text(info).splitlines() if ":" in line)
    valkey = said.get("server_name") == "valkey" or "valkey_version" in said
    flavour = "dragonfly" if "dragonfly_version" in said else "valkey" if valkey else "redis"
    uptime = _number(said, "uptime_in_seconds")
    return Server(
        address=address,
        flavour=flavour,
        version=said.get("valkey_version", said.get("redis_version", "?")),
        mode=said.get("server_mode", said.get("redis_mode", "standalone")),
        role=said.get("role", "?"),
        uptime=None if uptime is None else uptime * 1000,
        memory_used=_number(said, "used_memory"),
        memory_peak=_number(said, "used_memory_peak"),
        memory_resident=_number(said, "used_memory_rss"),
        memory_max=_number(said, "maxmemory") or None,
        memory_host=_number(said, "total_system_memory") or None,
        policy=said.get("maxmemory_policy"),
        clients=_number(said, "connected_clients"),
        blocked=_number(said, "blocked_clients"),
        clients_max=_number(said, "maxclients"),
        rejected=_number(said, "rejected_connections"),
        evicted=_number(said, "evicted_keys"),
        commands=_number(said, "total_commands_processed"),
        per_second=_number(said, "instantaneous_ops_per_sec"),
        persistence=_persistence(said),
        replicas=tuple(_replica(said[name]) for name in sorted(said) if name[:5] == "slave" and name[5:].isdigit()),
        link=said.get("master_link_status", ""),
    )


def _persistence(said: dict[str, str]) -> Persistence:
    saved = _number(said, "rdb_last_save_time")
    return Persistence(
        loading=said.get("loading", "0") != "0",
        saved_at=saved * 1000 if saved else None,
        changes=_number(said, "rdb_changes_since_last_save"),
        saving=said.get("rdb_bgsave_in_progress", "0") == "1",
        save_failed=said.get("rdb_last_bgsave_status", "ok") != "ok",
        aof=said.get("aof_enabled", "0") == "1",
        aof_failed="err" in (said.get("aof_last_write_status"), said.get("aof_last_bgrewrite_status")),
    )


def _replica(line: str) -> Replica:
    """`ip=10.0.0.7,port=6379,state=online,offset=1,lag=0`"""
    parts = dict(part.split("=", 1) for part in line.split(",") if "=" in part)
    lag = _number(parts, "lag")
    state = parts.get("state", "?")
    return Replica(f"{parts.get('ip', '?')}:{parts.get('port', '?')}", state, None if lag is None else lag * 1000)


def _number(said: dict[str, str], name: str) -> int | None:
    try:
        return int(said[name])
    except (KeyError, ValueError):
        return None
