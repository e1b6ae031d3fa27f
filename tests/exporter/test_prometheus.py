"""A real Prometheus scrapes the exporter, in either format, and has exactly the numbers that were shown."""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from core.model import State
from core.text import text
from exporter.app import create_app
from tests.exporter.fixed import NOW, FixedHerd, Series, full_queue, queue, reading, scraped, text_of
from tests.exporter.prometheus import Prometheus, scraping
from tests.exporter.serving import serving

HOSTILE = (
    'say "hi" \\ and\nbye\r\n',
    "\x00\x01\x7f",
    text(b"\xff\xfe"),
    text(b"\xff\xfd"),
    "\ufffd[0000]",
    "\u202egnp.exe",
    "\u0085\u2028\u2029\x0b\x0c\x1c\x1d\x1e",
    "\ufeff\ufffe\U0010ffff",
    '{queue="mail"} 7',
    "# HELP bullmq_job_count",
    "{{7*7}}<script>alert(1)</script>",
    "キュー 📬 é e\u0301",
    "x" * 100_000,
    "a\tb",
    " ",
)
HOSTILE_QUEUES = [queue(name, counts={State.WAITING: number}) for number, name in enumerate(HOSTILE, 1)]
SHOWN = reading(full_queue(), *HOSTILE_QUEUES)
SCRAPE_SECONDS = 30.0


@pytest.mark.timeout(180)
def test_every_series_arrives_in_either_format_whatever_queues_are_called(tmp_path: Path) -> None:
    app = create_app(FixedHerd(SHOWN), lambda: NOW)
    with ExitStack() as running:
        targets = {
            "openmetrics": running.enter_context(serving(app)),
            "classic": running.enter_context(serving(without_accept(app))),
        }
        prometheus = running.enter_context(scraping(targets, tmp_path))

        wait_for_scrapes(prometheus, list(targets))

        for job in targets:
            assert arrived(prometheus, job) == shown()
        ((_, waiting),) = prometheus.query(
            'sum(bullmq_job_count{job="classic",queue!="mail",state=~"waiting|prioritized"})'
        )
        assert waiting == sum(range(1, len(HOSTILE) + 1))


def without_accept(app: ASGIApp) -> ASGIApp:
    """The same application for a scraper that does not say what it understands."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(name, value) for name, value in scope.get("headers", ()) if name != b"accept"]
        await app({**scope, "headers": headers}, receive, send)

    return wrapped


def wait_for_scrapes(prometheus: Prometheus, jobs: list[str]) -> None:
    deadline = time.monotonic() + SCRAPE_SECONDS
    while len(prometheus.query("up == 1 and scrape_samples_scraped > 0")) < len(jobs):
        assert time.monotonic() < deadline, [target["lastError"] for target in prometheus.targets()]
        time.sleep(0.1)


def arrived(prometheus: Prometheus, job: str) -> Series:
    """What Prometheus holds of us, without the labels that it adds itself."""
    return {key(labels): value for labels, value in prometheus.query(f'{{job="{job}",__name__=~"bullmq_.+"}}')}


def key(labels: dict[str, str]) -> tuple[str, tuple[tuple[str, str], ...]]:
    own = {name: value for name, value in labels.items() if name not in ("job", "instance", "__name__")}
    return labels["__name__"], tuple(sorted(own.items()))


def shown() -> Series:
    """What was shown, without labels that are empty: Prometheus knows no difference between those and none."""
    return {
        (name, tuple((label, value) for label, value in labels if value)): value
        for (name, labels), value in scraped(text_of(SHOWN)).items()
        if name.startswith("bullmq_")
    }
