"""Every panel has something to show once real workers have been at work for a while."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.exporter.prometheus import Prometheus
from tests.interop.node_driver import NodeDriver, NodeQueue, until
from tests.monitoring.dashboards import expressions
from tests.monitoring.stack import exporter, prometheus
from tickbird.demo.server import EmbeddedServer

SETTINGS = """
metrics = { job_times = ["*"] }

[[slo]]
queue = "mail"
wait = "30s"
run = "10s"
failure_ratio = 0.05

[[reason]]
name = "fire"
match = "on fire"
"""
WITHIN = 60.0


@pytest.mark.timeout(240)
def test_every_expression_returns_data(node: NodeDriver, server: EmbeddedServer, tmp_path: Path) -> None:
    mail = node.library("bullmq6").queue("mail")
    with (
        exporter(server.url, SETTINGS, tmp_path) as target,
        prometheus([target], tmp_path) as watching,
        mail.worker(concurrency=4),
    ):
        mail.call("queue.upsertJobScheduler", "digest", {"every": 1000}, {"name": "digest", "data": {}})
        until(lambda: watching.query('bullmq_queue_paused{queue="mail"}'), timeout=WITHIN)
        deadline = time.monotonic() + WITHIN
        while (lacking := empty(watching)) and time.monotonic() < deadline:
            busy(mail)
            time.sleep(1)  # a scrape's length: what is counted has to grow between two of them

        assert lacking == []


def busy(queue: NodeQueue) -> None:
    """All that can happen to a job: it completes, fails, is repeated, waits for its time, or has a priority."""
    queue.add_bulk([job("letter", {"sleep": 20}) for _ in range(40)])
    queue.add_bulk([job("invoice", {"fail": "the printer is on fire"}) for _ in range(5)])
    queue.add_bulk([job("newsletter", {"failTimes": 1}, attempts=2, backoff=50) for _ in range(5)])
    queue.add_bulk([job("urgent", {"sleep": 5}, priority=1) for _ in range(5)])
    queue.add_bulk([job("reminder", {"sleep": 5}, delay=200) for _ in range(5)])


def job(name: str, script: dict[str, object], **options: object) -> dict[str, object]:
    return {"name": name, "data": {"script": script}, "opts": {"removeOnComplete": True, **options}}


def empty(watching: Prometheus) -> list[str]:
    """The places whose expression gives nothing."""
    return [place for place, expression in expressions() if not watching.query(expression)]
