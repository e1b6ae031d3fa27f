"""The hand writer: families and views as the text that Prometheus scrapes, classic 0.0.4 or OpenMetrics 1.0.

prometheus-client takes many times as long (bench/metrics_rendering.py), as it makes an object of every sample.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from functools import lru_cache

from prometheus_client import Metric

from core.events.histogram import Distribution
from exporter.family import Family, Kind, Named, Several, Single, Spread, V

# OpenMetrics names a counter without its `_total`, which here is the name of a histogram.
_UNTYPED = frozenset({"bullmq_job_attempts_total"})
_SUFFIX = {Kind.COUNTER: "_total", Kind.INFO: "_info"}


class Format(StrEnum):
    """A format, by its content type."""

    CLASSIC = "text/plain; version=0.0.4; charset=utf-8"
    OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"


END = {Format.CLASSIC: "", Format.OPENMETRICS: "# EOF\n"}


def written(families: Iterable[Family[V]], views: Sequence[V], form: Format) -> str:
    """These families, each with the series of all views; one without any series is left out."""
    texts = ((family, _series(family, views)) for family in families)
    return "".join(_head(family, form) + series for family, series in texts if series)


def pieces(families: Sequence[Family[V]], view: V) -> tuple[str, ...]:
    """The series of one view, family by family, to be kept for as long as the view does not change."""
    return tuple([_piece(family, view) for family in families])


def assembled(families: Sequence[Family[V]], kept: Sequence[tuple[str, ...]], form: Format) -> str:
    """The same as `written`, of pieces that were kept."""
    texts = ((family, "".join([each[place] for each in kept])) for place, family in enumerate(families))
    return "".join(_head(family, form) + series for family, series in texts if series)


def borrowed(metrics: Iterable[Metric], form: Format) -> str:
    """The same for what prometheus-client collects of this process: metrics without labels."""
    return "".join(
        _head(_named(metric), form) + "".join(f"{sample.name} {sample.value}\n" for sample in metric.samples)
        for metric in metrics
    )


def _piece(family: Family[V], view: V) -> str:
    """The series of one family and one view."""
    if isinstance(family, Single):
        value = family.read(view)
        return "" if value is None else f"{family.name}{{{view.labels}}} {value}\n"
    if isinstance(family, Several):
        start = f"{family.name}{{{view.labels},"
        return "".join([f"{start}{labels}}} {value}\n" for labels, value in family.read(view)])
    return "".join([_histogram(family, f"{view.labels}{more}", found) for more, found in family.read(view)])


def _series(family: Family[V], views: Sequence[V]) -> str:
    start = family.name + "{"
    if isinstance(family, Spread):
        return "".join([_piece(family, view) for view in views])
    if isinstance(family, Several):
        several = family.read
        return "".join(
            [f"{start}{view.labels},{labels}}} {value}\n" for view in views for labels, value in several(view)]
        )
    single = family.read
    return "".join([f"{start}{view.labels}}} {value}\n" for view in views if (value := single(view)) is not None])


def _histogram(family: Spread[V], labels: str, found: Distribution) -> str:
    """The buckets added up, their sum and their number."""
    name, total, lines = family.name, 0, []
    for bound, count in zip(_bounds(found.bounds, family.divisor), found.buckets, strict=True):
        total += count
        lines.append(f'{name}_bucket{{{labels},le="{bound}"}} {total}\n')
    lines.append(f"{name}_sum{{{labels}}} {found.sum / family.divisor}\n{name}_count{{{labels}}} {total}\n")
    return "".join(lines)


@lru_cache(maxsize=8)
def _bounds(bounds: tuple[int, ...], divisor: int) -> tuple[str, ...]:
    return (*(str(bound / divisor) for bound in bounds), "+Inf")


def _head(family: Named, form: Format) -> str:
    if form is Format.CLASSIC:
        kind = Kind.GAUGE if family.kind is Kind.INFO else family.kind
        return f"# HELP {family.name} {family.about}\n# TYPE {family.name} {kind}\n"
    if family.name in _UNTYPED:
        return f"# TYPE {family.name} unknown\n# HELP {family.name} {family.about}\n"
    name = family.name.removesuffix(_SUFFIX.get(family.kind, ""))
    unit = f"# UNIT {name} {family.unit}\n" if family.unit else ""
    return f"# TYPE {name} {family.kind}\n{unit}# HELP {name} {family.about}\n"


def _named(metric: Metric) -> Named:
    kind = Kind(metric.type)
    return Named(metric.name + _SUFFIX.get(kind, ""), kind, metric.documentation, "")
