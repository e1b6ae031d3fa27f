"""What the scrapers of this world ask for, and what they get."""

from __future__ import annotations

import pytest

from exporter.negotiation import accepts_gzip, preferred_format
from exporter.text import Format

PROMETHEUS_2 = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)
PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
    "text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        (PROMETHEUS_2, Format.OPENMETRICS),
        (PROMETHEUS_3, Format.OPENMETRICS),
        ("application/openmetrics-text", Format.OPENMETRICS),
        ('Application/OpenMetrics-Text; version="1.0.0"', Format.OPENMETRICS),
        (BROWSER, Format.CLASSIC),
        ("", Format.CLASSIC),
        ("*/*", Format.CLASSIC),
        ("text/plain", Format.CLASSIC),
        ("application/json", Format.CLASSIC),
        ("application/openmetrics-text;q=0.5,text/plain", Format.CLASSIC),
        ("application/openmetrics-text;q=0", Format.CLASSIC),
        ("application/openmetrics-text;version=2.0.0", Format.CLASSIC),
        ("application/openmetrics-text;q=much,text/plain;q=0.1", Format.CLASSIC),
        (",;=;;,q=nan;q=nan", Format.CLASSIC),
    ],
)
def test_openmetrics_goes_to_those_who_prefer_it(accept: str, form: Format) -> None:
    assert preferred_format(accept) is form


@pytest.mark.parametrize(
    ("accepted", "compressed"),
    [
        ("gzip", True),
        ("deflate, GZIP;q=1.0, *;q=0.5", True),
        ("*", True),
        ("", False),
        ("identity", False),
        ("gzip;q=0", False),
        ("gzip;q=0, *", False),
        ("br", False),
    ],
)
def test_gzip_goes_to_those_who_accept_it(accepted: str, compressed: bool) -> None:
    assert accepts_gzip(accepted) is compressed
