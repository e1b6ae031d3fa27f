"""Queues and readings as values, and a herd that shows what it was given: rendering is tested without Redis."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from prometheus_client.parser import text_string_to_metric_families

from core.events.histogram import ATTEMPTS, DURATIONS, Distribution, Histogram
from core.events.seen import Following, NameSeen, QueueLook, QueueSeen, Scheduler, Source
from core.model import Dialect, Identity, Instants, Limits, Queue, QueueId, State, Workers
from core.settings import Settings
from core.slo import Slo
from core.snapshot import Pass, Reading, RedisFacts, Snapshot
from exporter.exposition import Asked, Rendering, Scope
from exporter.observed import NOTHING, Observed
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
unhurried = hypothesis_settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
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
    }
    return queue(name, **{**everything, **known})


def spread(*values: int, bounds: tuple[int, ...] = DURATIONS) -> Distribution:
    """These observations, in milliseconds, as a distribution."""
    histogram = Histogram(bounds)
    for value in values:
        histogram.observe(value)
    found = histogram.frozen()
    assert found
    return found


def full_seen(**known: Any) -> QueueSeen:
    """Jobs of which everything was seen: two names, every outcome, a job that stalled."""
    mail = NameSeen(5, (3, 1), (3, 1, 2, 1, 1, 1), spread(4, 1200), (spread(42), spread(7000), spread(40, 41)))
    everything: dict[str, Any] = {
        "source": Source.STREAM,
        "all": mail,
        "names": {"welcome": mail, "": NameSeen(finished=(1, 0))},
        "totals": (spread(60), spread(90_000)),
        "attempts": (spread(1, bounds=ATTEMPTS), spread(3, bounds=ATTEMPTS)),
        "promotion_delay": spread(3),
        "reasons": {"stalled": 0, "other": 1},
        "stalled": 1,
        "exhausted": 1,
        "deduplicated": 2,
        "duplicated": 3,
        "removed": 4,
        "last_finished": NOW - 250,
        "lost": 7,
        "gaps": 1,
        "stream_length": 10_012,
    }
    return QueueSeen(**{**everything, **known})


FULL_LOOK = QueueLook(2, (Scheduler("nightly", "report", "0 3 * * *", "", "Europe/Berlin", NOW + 60_000, 12),))
FOLLOWING = Following(NOW - 60_000, {"added": 5, "other": 1}, lag=1500, tracked=9, evicted=2, limited=3)


def observed(*queues: Queue, **known: Any) -> Observed:
    """Everything was seen of these queues."""
    seen = {queue.id: full_seen(**known) for queue in queues}
    return Observed(seen, {queue.id: FULL_LOOK for queue in queues}, {"default": FOLLOWING})


EXPECTING = Settings(slo=(Slo("mail", wait=30_000, run=5000, failure_ratio=0.01, backlog=200),), dead_letter=("mail",))


def reading(*queues: Queue, **known: Any) -> Reading:
    """A reading of a healthy instance, taken right now."""
    instance = known.pop("instance", queues[0].id.instance if queues else "default")
    usual = {"taken_at": NOW, "redis": REDIS, "discovery": Pass(9, 9, 0.25), "seconds": 0.02, "commands": 40}
    return Reading(instance, queues=queues, **{**usual, **known})


def snapshot(*readings: Reading, version: int = 1) -> Snapshot:
    return Snapshot(version, readings)


class FixedEvents:
    """What is said to have been seen."""

    def __init__(self) -> None:
        self.known = NOTHING

    def seen(self, id: QueueId) -> QueueSeen | None:
        return self.known.seen.get(id)

    def looked(self, id: QueueId) -> QueueLook | None:
        return self.known.looks.get(id)

    def following(self, instance: str) -> Following | None:
        return self.known.following.get(instance)


class FixedHerd:
    """Shows one snapshot until it is shown another; counts who looked, and keeps what it was told to do."""

    def __init__(self, *readings: Reading) -> None:
        self.shown = snapshot(*readings)
        self.settings = Settings()
        self.observed = FixedEvents()
        self.glances = 0
        self.told: list[str] = []

    def show(self, *readings: Reading) -> None:
        self.shown = snapshot(*readings, version=self.shown.version + 1)

    def snapshot(self) -> Snapshot:
        return self.shown

    def glance(self, *, scraping: bool = False) -> None:
        assert scraping
        self.glances += 1

    @property
    def events(self) -> FixedEvents:
        return self.observed

    async def start(self) -> None:
        self.told.append("start")

    async def stop(self) -> None:
        self.told.append("stop")


def text_of(
    *readings: Reading,
    now: int = NOW,
    form: Format = Format.CLASSIC,
    observed: Observed = NOTHING,
    scope: Scope = Scope.QUEUES,
    settings: Settings | None = None,
) -> str:
    return Rendering(settings).body(Asked(snapshot(*readings), now, observed, scope), form).decode()


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
