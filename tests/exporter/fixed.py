"""Queues and readings as values, and a herd that shows what it was given: rendering is tested without Redis."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, settings
from prometheus_client.parser import text_string_to_metric_families

from core.model import Dialect, Identity, Instants, Limits, Queue, QueueId, State, Workers
from core.snapshot import Pass, Reading, RedisFacts, Snapshot
from exporter.exposition import Rendering
from exporter.text import Format

NOW = 1_794_000_000_000
REDIS = RedisFacts("redis", "7.0.15", "standalone", "master", "noeviction", 2048, 4096, 7, 3, 2, 99)
BULLMQ_5 = Identity(Dialect.MQ5, "5.81.2", ())
BULL = Identity(Dialect.BULL, None, ())
NO_JOBS: dict[State, int] = {
    State.WAITING: 0,
    State.ACTIVE: 0,
    State.DELAYED: 0,
    State.PRIORITIZED: 0,
    State.WAITING_CHILDREN: 0,
    State.COMPLETED: 0,
    State.FAILED: 0,
}
# A busy machine makes an example slow, not wrong.
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
Series = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def queue(name: str = "mail", *, prefix: str = "bull", instance: str = "default", **known: Any) -> Queue:
    """A queue of BullMQ 6 of which only what is given is known; `counts` fills in the states that matter."""
    counts = NO_JOBS | known.pop("counts", {})
    identity = known.pop("identity", Identity(Dialect.MQ5, "6.7.0", ()))
    return Queue(QueueId(instance, prefix, name), identity, known.pop("paused", False), counts, **known)


def full_queue(name: str = "mail", **known: Any) -> Queue:
    """A queue of which everything is known, so that none of its series is absent."""
    everything: dict[str, Any] = {
        "identity": BULLMQ_5,
        "counts": {**dict.fromkeys(NO_JOBS, 5), State.PAUSED: 2},
        "limits": Limits(50, 100, 1000, 412),
        "instants": Instants(*(NOW - ago for ago in (17_000, 42_500, 1234, 7_200_000, 60_000, 500))),
        "overdue": 3,
        "workers": Workers(8, 5),
        "failed_last_hour": 4,
        "completed_last_hour": 5,
        "ids": 1000,
        "completed_ever": 900,
        "failed_ever": 12,
        "max_events": 10_000,
        "active_without_lock": 1,
    }
    return queue(name, **{**everything, **known})


def reading(*queues: Queue, **known: Any) -> Reading:
    """A reading of a healthy instance, taken right now."""
    instance = known.pop("instance", queues[0].id.instance if queues else "default")
    usual = {"taken_at": NOW, "redis": REDIS, "discovery": Pass(9, 9, 0.25), "seconds": 0.02, "commands": 40}
    return Reading(instance, queues=queues, **{**usual, **known})


def snapshot(*readings: Reading, version: int = 1) -> Snapshot:
    return Snapshot(version, readings)


class FixedHerd:
    """Shows one snapshot until it is shown another; counts who looked, and keeps what it was told to do."""

    def __init__(self, *readings: Reading) -> None:
        self.shown = snapshot(*readings)
        self.glances = 0
        self.told: list[str] = []

    def show(self, *readings: Reading) -> None:
        self.shown = snapshot(*readings, version=self.shown.version + 1)

    def snapshot(self) -> Snapshot:
        return self.shown

    def glance(self, *, scraping: bool = False) -> None:
        assert scraping
        self.glances += 1

    async def start(self) -> None:
        self.told.append("start")

    async def stop(self) -> None:
        self.told.append("stop")


def text_of(*readings: Reading, now: int = NOW, form: Format = Format.CLASSIC) -> str:
    return Rendering().body(snapshot(*readings), now, form).decode()


def scraped(text: str) -> Series:
    """Every series of a classic exposition; one that comes twice is an error."""
    series: Series = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            key = (sample.name, tuple(sorted(sample.labels.items())))
            assert key not in series, f"{key} comes twice"
            series[key] = sample.value
    return series


def values(name: str, *readings: Reading, now: int = NOW) -> list[float]:
    """The values of all series of one metric, in their order."""
    return [value for (found, _), value in scraped(text_of(*readings, now=now)).items() if found == name]


def by_label(name: str, label: str, *readings: Reading) -> dict[str, float]:
    """The values of one metric by one of its labels."""
    return {
        dict(labels)[label]: value for (found, labels), value in scraped(text_of(*readings)).items() if found == name
    }
