"""One reading of everything, shared by all who look: pages, streams, metrics, alerts."""

from __future__ import annotations

from dataclasses import dataclass

from core.model import Queue, QueueId


@dataclass(frozen=True, slots=True)
class RedisFacts:
    """What a Redis says of itself. `flavour` is "redis" or "valkey"; `policy` its eviction policy; `skew` how many
    milliseconds its clock is ahead of ours, where it tells."""

    flavour: str
    version: str
    mode: str
    role: str
    policy: str | None
    memory_used: int
    memory_max: int
    clients: int
    evicted_keys: int
    rejected_connections: int
    uptime_seconds: int
    skew: int | None = None


@dataclass(frozen=True, slots=True)
class Pass:
    """One walk over the whole keyspace in search of queues: how far it is, and how long the last full one took."""

    keys_seen: int = 0
    keys_total: int = 0
    last_seconds: float | None = None
    running: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """The state of one instance: its queues as of `taken_at`, kept (and aging) while Redis is away.

    `down_since` and `trouble` are set while Redis cannot be read; `refusals` name what it does not let
    us ask. `commands` is what this reading took, `commands_sent` all that was ever sent to this instance.
    """

    instance: str
    taken_at: int | None
    queues: tuple[Queue, ...]
    redis: RedisFacts | None
    discovery: Pass
    down_since: int | None = None
    trouble: str = ""
    refusals: tuple[str, ...] = ()
    interval: float = 1.0
    seconds: float = 0.0
    commands: int = 0
    commands_sent: int = 0
    commands_per_minute: float = 0.0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One reading of everything, shared by all who look. `version` grows by one with each change."""

    version: int
    readings: tuple[Reading, ...]

    @property
    def queues(self) -> tuple[Queue, ...]:
        return tuple(queue for reading in self.readings for queue in reading.queues)

    def reading(self, instance: str) -> Reading | None:
        return next((r for r in self.readings if r.instance == instance), None)

    def queue(self, id: QueueId) -> Queue | None:
        reading = self.reading(id.instance)
        return next((q for q in reading.queues if q.id == id), None) if reading else None
