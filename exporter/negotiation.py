"""What a scraper accepts: which format, and whether compressed."""

from __future__ import annotations

from collections.abc import Iterator

from exporter.text import Format

_VERSIONS = ("1.0.0", "0.0.1", "")


def preferred_format(accept: str) -> Format:
    """OpenMetrics where it is clearly preferred to the classic text, which everybody can read."""
    classic = openmetrics = 0.0
    for kind, parameters, weight in _ranges(accept):
        if kind == "application/openmetrics-text" and parameters.get("version", "") in _VERSIONS:
            openmetrics = max(openmetrics, weight)
        elif kind in ("text/plain", "text/*", "*/*"):
            classic = max(classic, weight)
    return Format.OPENMETRICS if openmetrics > classic else Format.CLASSIC


def accepts_gzip(accept_encoding: str) -> bool:
    """Whether gzip was asked for, and not with a weight of nought."""
    weights = {coding: weight for coding, _, weight in _ranges(accept_encoding)}
    return weights.get("gzip", weights.get("*", 0.0)) > 0


def _ranges(header: str) -> Iterator[tuple[str, dict[str, str], float]]:
    for part in header.lower().split(","):
        name, *pairs = (piece.strip() for piece in part.split(";"))
        parameters = {key.strip(): value.strip(' "') for key, _, value in (pair.partition("=") for pair in pairs)}
        yield name, parameters, _weight(parameters.get("q", "1"))


def _weight(q: str) -> float:
    try:
        return min(1.0, max(0.0, float(q)))
    except ValueError:
        return 0.0
