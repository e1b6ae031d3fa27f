"""The pieces that the dashboards' expressions are made of.

`max by` comes first everywhere: two exporters that watch the same Redis see one queue, not two.
"""

from __future__ import annotations

REDIS = 'redis=~"$redis"'
QUEUE = f'{REDIS},prefix=~"$prefix",queue=~"$queue"'
NAMED = f'{QUEUE},name=~"$name"'
READY = 'state=~"waiting|paused|prioritized"'

_QUEUE_LABELS = "redis, prefix, queue"


def gauge(metric: str, *, by: str = "", where: str = "") -> str:
    """The metric once for each queue, and for each value of the labels `by`."""
    return f"max by ({_labels(by)}) ({metric}{{{_where(QUEUE, where)}}})"


def rate(metric: str, *, by: str = "", where: str = "", chosen: str = QUEUE) -> str:
    """A counter's increase a second, likewise."""
    return f"max by ({_labels(by)}) (rate({metric}{{{_where(chosen, where)}}}[$__rate_interval]))"


def summed(inner: str, *, by: str = _QUEUE_LABELS) -> str:
    return f"sum by ({by}) ({inner})"


def total(inner: str) -> str:
    return f"sum({inner})"


def quantile(share: float, histogram: str, *, by: str = _QUEUE_LABELS, chosen: str = QUEUE) -> str:
    """A quantile of a histogram; no line while nothing is observed."""
    buckets = (
        f"max by ({_QUEUE_LABELS}, {_extra(by)}outcome, le) (rate({histogram}_bucket{{{chosen}}}[$__rate_interval]))"
    )
    return f"histogram_quantile({share}, sum by ({by}, le) ({buckets}))"


def heat(histogram: str) -> str:
    """How many observations fell into each bucket."""
    buckets = f"max by ({_QUEUE_LABELS}, outcome, le) (increase({histogram}_bucket{{{QUEUE}}}[$__rate_interval]))"
    return f"sum by (le) ({buckets})"


def redis(metric: str, *, by: str = "redis", where: str = "") -> str:
    """A metric of an instance, once for each."""
    return f"max by ({by}) ({metric}{{{_where(REDIS, where)}}})"


def redis_rate(metric: str, *, by: str = "redis") -> str:
    return f"max by ({by}) (rate({metric}{{{REDIS}}}[$__rate_interval]))"


def ratio(part: str, whole: str) -> str:
    return f"{part} / ({whole} > 0)"


def _labels(further: str) -> str:
    return f"{_QUEUE_LABELS}, {further}" if further else _QUEUE_LABELS


def _extra(by: str) -> str:
    return "".join(f"{label}, " for label in by.split(", ") if label not in _QUEUE_LABELS.split(", "))


def _where(chosen: str, further: str) -> str:
    return f"{chosen},{further}" if further else chosen
