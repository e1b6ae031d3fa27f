"""Tickbird's exporter as a person runs it, and a real Prometheus that scrapes it with our rules."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from tests.exporter.prometheus import Prometheus
from tests.monitoring.rules import FILES
from tests.monitoring.scaled import scaled
from tests.monitoring.servers import running
from tests.packaging.program import Program


@contextmanager
def exporter(redis_url: str, settings: str, folder: Path) -> Iterator[str]:
    """The exporter of that Redis, called "main", with these further settings; yields its host and port."""
    config = folder / "tickbird.toml"
    config.write_text(settings)
    program = Program(Path(sys.executable).parent / "tickbird", folder, {"PATH": os.environ["PATH"]})
    with program.serving("exporter", f"--config={config}", f"--redis=main={redis_url}", "--port=0") as url:
        yield urlsplit(url).netloc


@contextmanager
def prometheus(targets: list[str], folder: Path, *, alertmanager: str = "") -> Iterator[Prometheus]:
    """A Prometheus that scrapes both paths of these exporters each second, with our rules, sixty times as fast."""
    config = folder / "prometheus.yml"
    config.write_text(json.dumps(_settings(targets, _rules(folder), alertmanager)))
    options = [f"--config.file={config}", f"--storage.tsdb.path={folder / 'tsdb'}"]
    with running("prometheus", options, folder / "prometheus.log") as url:
        yield Prometheus(url)


def _rules(folder: Path) -> list[str]:
    made = folder / "rules"
    made.mkdir()
    for file in FILES:
        (made / file.name).write_text(scaled(file.read_text("utf-8")), "utf-8")
    return [str(made / "*.yml")]


def _settings(targets: list[str], rules: list[str], alertmanager: str) -> dict[str, object]:
    fixed = [{"targets": targets}]
    scrapes = [
        {"job_name": "tickbird", "static_configs": fixed},
        {"job_name": "tickbird-jobs", "metrics_path": "/metrics/jobs", "static_configs": fixed},
    ]
    managers = [{"static_configs": [{"targets": [urlsplit(alertmanager).netloc]}]}] if alertmanager else []
    return {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "scrape_configs": scrapes,
        "rule_files": rules,
        "alerting": {"alertmanagers": managers},
    }
