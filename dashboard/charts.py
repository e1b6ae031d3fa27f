"""The geometry of our charts: numbers into SVG paths. Templates draw them, so they are readable without a script."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.history import History

SPARK_WIDTH, SPARK_HEIGHT = 90, 20
_BAR = 3

CHART_WIDTH = 600
_SLOT = CHART_WIDTH // 60


def spark(values: Sequence[float | None]) -> str:
    """Bars of a sparkline as one path of strokes, `SPARK_WIDTH` by `SPARK_HEIGHT`; nothing where nobody looked."""
    most = max((value for value in values if value is not None), default=0)
    start = SPARK_WIDTH - _BAR * len(values)
    return "".join(
        f"M{start + _BAR * i + 1} {SPARK_HEIGHT}V{_top(value, most, SPARK_HEIGHT)}"
        for i, value in enumerate(values)
        if value is not None
    )


def spark_words(values: Sequence[float | None]) -> str:
    """What the sparkline shows, for those who do not see it."""
    known = [value for value in values if value is not None]
    if not known:
        return "not measured yet"
    return f"finished per 10 s, last 5 min: {round(known[-1])} now, {round(max(known))} at most"


def _top(value: float, most: float, height: int) -> int:
    """Zero is a dot on the line, and anything at all is more than that."""
    if value <= 0 or most <= 0:
        return height - 1
    return height - max(2, round((height - 1) * value / most))


@dataclass(frozen=True, slots=True)
class Series:
    """One strip of the hour: bars of whole minutes, the bar of the minute that still runs, and the gaps."""

    name: str
    bars: str
    running: str
    gaps: str
    most: int
    total: int
    height: int


def strip(name: str, values: Sequence[int | None], height: int) -> Series:
    """Up to 60 values, oldest first, as filled bars on a zero line; the last one is a minute that still runs."""
    known = [value for value in values if value is not None]
    most = max(known, default=0)
    start = CHART_WIDTH - _SLOT * len(values)
    boxes = [_box(start + _SLOT * i, value, most, height) for i, value in enumerate(values)]
    gaps = "".join(
        f"M{start + _SLOT * i} 0h{_SLOT}V{height}h-{_SLOT}z" for i, value in enumerate(values) if value is None
    )
    return Series(name, "".join(boxes[:-1]), "".join(boxes[-1:]), gaps, most, sum(known), height)


def _box(x: int, value: int | None, most: int, height: int) -> str:
    if not value or not most:
        return ""
    tall = max(1.5, height * value / most)
    return f"M{x + 1} {height}v-{tall:.1f}h{_SLOT - 2}V{height}z"


def hour(history: History) -> tuple[Series, Series]:
    """The completed and the failed of a queue's last hour; the failed keep their own scale, so that few still show."""
    minutes = history.minutes
    return (
        strip("completed", [minute.completed for minute in minutes], 56),
        strip("failed", [minute.failed for minute in minutes], 28),
    )
