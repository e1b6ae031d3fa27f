"""The dashboards as they lie in monitoring/grafana/dashboards, and the expressions in them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from monitoring.grafana.__main__ import FOLDER

FILES = sorted(FOLDER.glob("*.json"))
# A minute is four scrapes in real life; the tests scrape each second.
CHOSEN = {"redis": ".+", "prefix": ".+", "queue": ".+", "name": ".+", "__rate_interval": "30s"}

Json = dict[str, Any]


def dashboards() -> list[Json]:
    return [json.loads(file.read_text("utf-8")) for file in FILES]


def panels() -> list[Json]:
    """Every panel that shows something: not the headings."""
    return [panel for dashboard in dashboards() for panel in dashboard["panels"] if panel["type"] != "row"]


def expressions() -> Iterator[tuple[str, str]]:
    """Where it stands, and what Grafana would ask Prometheus, with everything chosen."""
    for dashboard in dashboards():
        for panel in dashboard["panels"]:
            for target in panel.get("targets", ()):
                yield f"{dashboard['uid']}: {panel['title']} {target['refId']}", filled(target["expr"])


def filled(expression: str, chosen: Mapping[str, str] = CHOSEN) -> str:
    """The expression with its variables replaced; KeyError for one that no dashboard has."""
    return re.sub(r"\$(\w+)", lambda variable: chosen[variable.group(1)], expression)
