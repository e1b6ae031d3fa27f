"""What a metric is, as data: its name, type, help and labels, and how it is read off what was seen.

A function here never asks Redis; it is handed a view of one reading and answers None where nothing is known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeAlias, TypeVar

from core.events.histogram import Distribution
from core.events.seen import Following, QueueLook, QueueSeen
from core.model import Queue
from core.slo import PLAIN, Objectives
from core.snapshot import Reading

V = TypeVar("V", bound="View")


class Kind(StrEnum):
    GAUGE = "gauge"
    COUNTER = "counter"
    INFO = "info"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Expected:
    """What the settings say of a queue. In a dead-letter queue, a job means that something was given up."""

    objectives: Objectives = PLAIN
    dead_letter: bool = False


@dataclass(frozen=True, slots=True)
class View:
    """What a metric is read off. `labels` are the labels all its series share, ready to be written."""

    labels: str


@dataclass(frozen=True, slots=True)
class QueueView(View):
    """One queue as it was at the instant `at`, in milliseconds, with what was seen of its jobs and what is expected
    of it."""

    queue: Queue
    at: int
    seen: QueueSeen | None = None
    look: QueueLook | None = None
    expected: Expected = Expected()


@dataclass(frozen=True, slots=True)
class SeenView(View):
    """What was seen of one queue's jobs by following their events."""

    seen: QueueSeen


@dataclass(frozen=True, slots=True)
class InstanceView(View):
    """One instance's reading; `fresh` while its numbers may still be shown as present ones. `following` is None where
    no events are followed."""

    reading: Reading
    fresh: bool
    following: Following | None = None


@dataclass(frozen=True, slots=True)
class Named:
    """What every metric has. `about` is its HELP; `absent` says when there is no series, and is empty for never."""

    name: str
    kind: Kind
    about: str
    absent: str

    @property
    def unit(self) -> str:
        """The base unit in the name, as OpenMetrics wants it told, or nothing."""
        stem = self.name.removesuffix("_total")
        return next((unit for unit in ("seconds", "bytes") if stem.endswith(f"_{unit}")), "")


@dataclass(frozen=True, slots=True)
class Single(Named, Generic[V]):
    """One series per view."""

    read: Callable[[V], float | None]
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Several(Named, Generic[V]):
    """Several series per view, told apart by `labels`; `read` gives each one's labels, ready to be written."""

    labels: tuple[str, ...]
    read: Callable[[V], Iterable[tuple[str, float]]]


@dataclass(frozen=True, slots=True)
class Spread(Named, Generic[V]):
    """A histogram, or several per view. Where `divisor` is 1000, milliseconds become seconds."""

    labels: tuple[str, ...]
    read: Callable[[V], Iterable[tuple[str, Distribution]]]
    divisor: int = 1000


Family: TypeAlias = Single[V] | Several[V] | Spread[V]
