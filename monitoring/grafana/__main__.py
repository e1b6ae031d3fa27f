"""Writes the dashboards anew: `.venv/bin/python -m monitoring.grafana`."""

from __future__ import annotations

from pathlib import Path

from monitoring.grafana.drawn import drawn
from monitoring.grafana.job import JOB
from monitoring.grafana.overview import OVERVIEW
from monitoring.grafana.queue import QUEUE
from monitoring.grafana.underneath import UNDERNEATH

FOLDER = Path(__file__).parent / "dashboards"
DASHBOARDS = (OVERVIEW, QUEUE, JOB, UNDERNEATH)


def main() -> None:
    for dashboard in DASHBOARDS:
        (FOLDER / f"{dashboard.uid}.json").write_text(drawn(dashboard), "utf-8")


if __name__ == "__main__":
    main()
