"""The counters of one queue while they grow, and frozen for those who look: made anew only when something changed."""

from __future__ import annotations

from dataclasses import replace

from core.events.histogram import ATTEMPTS, Distribution, Histogram
from core.events.reasons import Reasons
from core.events.seen import OTHER_NAME, OUTCOMES, RESULTS, RUNS, NameSeen, QueueSeen, Source, summed
from core.text import text

_OTHER = OTHER_NAME.encode()


class NameTally:
    """The jobs of one name."""

    __slots__ = ("added", "attempts", "finished", "runs", "wait")

    def __init__(self, *, timed: bool) -> None:
        self.added = 0
        self.finished = [0] * len(OUTCOMES)
        self.attempts = [0] * len(RESULTS)
        self.wait = Histogram() if timed else None
        self.runs = [Histogram() for _ in RUNS] if timed else None

    def frozen(self) -> NameSeen:
        wait = self.wait.frozen() if self.wait else None
        runs = tuple(run.frozen() for run in self.runs) if self.runs else (None,) * len(RUNS)
        return NameSeen(self.added, tuple(self.finished), tuple(self.attempts), wait, runs)


class Tally:
    """One queue. `most_names` are counted by themselves, all further ones together."""

    def __init__(self, source: Source, reasons: Reasons, *, most_names: int, timed_names: bool) -> None:
        self.source = source
        self._reasons = reasons
        self._most_names = most_names
        self._timed_names = timed_names
        self._names: dict[bytes | None, NameTally] = {}
        self._other: NameTally | None = None
        self._frozen: QueueSeen | None = None
        self.limited = 0
        self.wait = Histogram()
        self.runs = [Histogram() for _ in RUNS]
        self.totals = [Histogram() for _ in OUTCOMES]
        self.attempts = [Histogram(ATTEMPTS) for _ in OUTCOMES]
        self.promotion_delay = Histogram()
        self.reasons = reasons.zeros()
        self.stalled = self.exhausted = self.deduplicated = self.duplicated = self.removed = 0
        self.last_finished: int | None = None
        self.loss: tuple[int | None, int, int | None] = (None, 0, None)

    def scratch(self) -> Tally:
        """One like it, for what must not be counted."""
        return Tally(self.source, self._reasons, most_names=0, timed_names=False)

    def changed(self) -> None:
        """Something was counted: whoever looks next gets a new value."""
        self._frozen = None

    def lose(self, lost: int | None, gaps: int, length: int | None) -> None:
        """How many events are known to be lost, how often some were, and how long the stream is."""
        if self.loss != (lost, gaps, length):
            self.loss = (lost, gaps, length)
            self.changed()

    def follow(self, source: Source) -> None:
        """From now on the numbers come from there."""
        if self.source != source:
            self.source = source
            self.changed()

    def name(self, name: bytes | None) -> NameTally:
        """The counters of a job's name; None where the name is not known."""
        return self._names.get(name) or self._named(name)

    def _named(self, name: bytes | None) -> NameTally:
        if name is None or (len(self._names) < self._most_names and name != _OTHER):
            self._names[name] = fresh = NameTally(timed=self._timed_names)
            return fresh
        self.limited += 1
        self._other = self._other or NameTally(timed=self._timed_names)
        return self._other

    def add(self, name: bytes | None) -> None:
        self.name(name).added += 1

    def waited(self, name: bytes | None, milliseconds: int) -> None:
        self.wait.observe(milliseconds)
        if self._timed_names and (wait := self.name(name).wait):
            wait.observe(milliseconds)

    def attempted(self, name: bytes | None, result: int, run: int | None = None) -> None:
        """An attempt ended; `run` is how long it ran, where that is known and means something."""
        counted = self.name(name)
        counted.attempts[result] += 1
        if run is not None:
            self.runs[result].observe(run)
            if counted.runs:
                counted.runs[result].observe(run)

    def finished(self, name: bytes | None, outcome: int, at: int) -> None:
        self.name(name).finished[outcome] += 1
        self.last_finished = max(at, self.last_finished or 0)

    def failed_for(self, reason: bytes) -> str:
        """Count a failure by the class of its reason, and give that class."""
        found = self._reasons.of(reason)
        self.reasons[found] += 1
        return found

    def frozen(self) -> QueueSeen:
        """What was seen so far."""
        if self._frozen is None:
            self._frozen = self._freeze()
        return self._frozen

    def _freeze(self) -> QueueSeen:
        names = {text(name or b""): tally.frozen() for name, tally in self._names.items()}
        if self._other:
            names[OTHER_NAME] = self._other.frozen()
        runs = tuple(run.frozen() for run in self.runs)
        lost, gaps, length = self.loss
        return QueueSeen(
            source=self.source,
            all=replace(summed(names.values()), wait=self.wait.frozen(), runs=runs),
            names=names,
            totals=_all(self.totals),
            attempts=_all(self.attempts),
            promotion_delay=self.promotion_delay.frozen(),
            reasons=dict(self.reasons),
            stalled=self.stalled,
            exhausted=self.exhausted,
            deduplicated=self.deduplicated,
            duplicated=self.duplicated,
            removed=self.removed,
            last_finished=self.last_finished,
            lost=lost,
            gaps=gaps,
            stream_length=length,
        )


def _all(histograms: list[Histogram]) -> tuple[Distribution | None, ...]:
    return tuple(histogram.frozen() for histogram in histograms)
