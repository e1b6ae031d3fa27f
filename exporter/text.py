"""The hand writer: families and views as the text that Prometheus scrapes, classic 0.0.4 or OpenMetrics 1.0.

prometheus-client takes many times as long (bench/metrics_rendering.py), as it makes an object of every sample.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum

from prometheus_client import Metric

from exporter.family import Family, Kind, Named, Several, V

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


def borrowed(metrics: Iterable[Metric], form: Format) -> str:
    """The same for what prometheus-client collects of this process: metrics without labels."""
    return "".join(
        _head(_named(metric), form) + "".join(f"{sample.name} {sample.value}\n" for sample in metric.samples)
        for metric in metrics
    )


def _series(family: Family[V], views: Sequence[V]) -> str:
    start = family.name + "{"
    if isinstance(family, Several):
        several = family.read
        return "".join(
            [f"{start}{view.labels},{labels}}} {value}\n" for view in views for labels, value in several(view)]
        )
    single = family.read
    return "".join([f"{start}{view.labels}}} {value}\n" for view in views if (value := single(view)) is not None])


def _head(family: Named, form: Format) -> str:
    if form is Format.CLASSIC:
        kind = Kind.GAUGE if family.kind is Kind.INFO else family.kind
        return f"# HELP {family.name} {family.about}\n# TYPE {family.name} {kind}\n"
    name = family.name.removesuffix(_SUFFIX.get(family.kind, ""))
    unit = f"# UNIT {name} {family.unit}\n" if family.unit else ""
    return f"# TYPE {name} {family.kind}\n{unit}# HELP {name} {family.about}\n"


def _named(metric: Metric) -> Named:
    kind = Kind(metric.type)
    return Named(metric.name + _SUFFIX.get(kind, ""), kind, metric.documentation, "")
