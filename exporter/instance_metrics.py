"""The metrics of an instance: Redis itself, and what reading it takes."""

from __future__ import annotations

from collections.abc import Callable

from core.snapshot import RedisFacts
from exporter import samples
from exporter.family import Family, InstanceView, Kind, Several, Single
from exporter.following_metrics import FOLLOWING

GAUGE, COUNTER, INFO = Kind.GAUGE, Kind.COUNTER, Kind.INFO


def _fact(read: Callable[[RedisFacts], int]) -> Callable[[InstanceView], float | None]:
    def from_reading(view: InstanceView) -> float | None:
        known = view.fresh and view.reading.redis
        return samples.natural(read(known)) if known else None

    return from_reading


_AWAY = "once the last reading is too old"
_UNREAD = "until Redis has been read"

INSTANCE: tuple[Family[InstanceView], ...] = (
    Single(
        "bullmq_redis_up",
        GAUGE,
        "1 if Redis answered the last time it was asked, else 0.",
        "until it was asked",
        samples.redis_up,
    ),
    Several(
        "bullmq_redis_info",
        INFO,
        "What Redis says of itself.",
        _AWAY,
        ("version", "mode", "maxmemory_policy"),
        samples.redis_info,
    ),
    Single(
        "bullmq_redis_memory_used_bytes",
        GAUGE,
        "Memory that Redis uses for its data.",
        _AWAY,
        _fact(lambda redis: redis.memory_used),
    ),
    Single(
        "bullmq_redis_memory_max_bytes",
        GAUGE,
        "Memory that Redis may use (maxmemory); 0 without a limit.",
        _AWAY,
        _fact(lambda redis: redis.memory_max),
    ),
    Single(
        "bullmq_redis_evicted_keys_total",
        COUNTER,
        "Keys that Redis has thrown away for want of memory. Each may have been a job.",
        _AWAY,
        _fact(lambda redis: redis.evicted_keys),
    ),
    Single(
        "bullmq_redis_connected_clients",
        GAUGE,
        "Client connections to Redis.",
        _AWAY,
        _fact(lambda redis: redis.clients),
    ),
    Single(
        "bullmq_redis_rejected_connections_total",
        COUNTER,
        "Connections that Redis has refused because it had too many.",
        _AWAY,
        _fact(lambda redis: redis.rejected_connections),
    ),
    Single(
        "bullmq_exporter_queues",
        GAUGE,
        "Queues found on the instance.",
        _AWAY,
        samples.queues,
    ),
    Single(
        "bullmq_exporter_collect_duration_seconds",
        GAUGE,
        "How long the last complete reading of all queues took.",
        _UNREAD,
        lambda view: None if view.reading.taken_at is None else view.reading.seconds,
    ),
    Single(
        "bullmq_exporter_last_collect_timestamp_seconds",
        GAUGE,
        "When the last complete reading was taken, in seconds since the epoch.",
        _UNREAD,
        lambda view: samples.seconds(view.reading.taken_at),
    ),
    Single(
        "bullmq_exporter_discovery_duration_seconds",
        GAUGE,
        "How long the last full walk over the keyspace in search of queues took, its rests included.",
        "until the first walk is over",
        lambda view: view.reading.discovery.last_seconds,
    ),
    *FOLLOWING,
    Single(
        "bullmq_exporter_commands_total",
        COUNTER,
        "Commands that Tickbird has sent to this Redis, for its readings and for people's pages and actions.",
        _UNREAD,
        lambda view: None if view.reading.taken_at is None else view.reading.commands_sent,
    ),
)
