"""Real workers, the exporter, Prometheus with our rules, Alertmanager with our example, and somebody who is told."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.interop.node_driver import NodeDriver, NodeQueue, until
from tests.monitoring.rules import ROOT
from tests.monitoring.scaled import scaled
from tests.monitoring.servers import alertmanager
from tests.monitoring.stack import exporter, prometheus
from tests.monitoring.webhook import Inbox, inbox
from tickbird.demo.server import EmbeddedServer

EXAMPLE = ROOT / "monitoring" / "alertmanager" / "alertmanager.yml"
SETTINGS = """
[[slo]]
queue = "mail"
backlog = 50
"""
# Five minutes of `for` are five seconds here; the rest is what a busy machine takes.
WITHIN = 60.0


@pytest.mark.timeout(240)
def test_a_backlog_and_failures_are_told_and_later_resolved(
    node: NodeDriver, server: EmbeddedServer, tmp_path: Path
) -> None:
    library = node.library("bullmq6")
    mail, billing = library.queue("mail"), library.queue("billing")
    with (
        inbox() as told,
        alertmanager(example_that_tells(told, tmp_path), tmp_path) as manager,
        exporter(server.url, SETTINGS, folder(tmp_path, "one")) as one,
        exporter(server.url, SETTINGS, folder(tmp_path, "another")) as another,
        prometheus([one, another], tmp_path, alertmanager=manager.url),
        mail.worker(concurrency=1),
        billing.worker(concurrency=1),
    ):
        mail.add_bulk([job("letter", sleep=300) for _ in range(400)])
        billing.add_bulk([job("invoice", sleep=40, **failing(number)) for number in range(900)])

        until(lambda: told.status_of("BullMQBacklogHigh", "mail"), timeout=WITHIN)
        until(lambda: told.status_of("BullMQFailureRatioHigh", "billing"), timeout=WITHIN)
        check_labels(told)

        calm(mail, billing)

        until(lambda: "resolved" in told.status_of("BullMQBacklogHigh", "mail"), timeout=WITHIN)
        until(lambda: "resolved" in told.status_of("BullMQFailureRatioHigh", "billing"), timeout=WITHIN)
        # Its 900 jobs are below the threshold of 1000, although two exporters tell of them.
        assert told.status_of("BullMQBacklogHigh", "billing") == []
        assert told.status_of("BullMQFailureRatioHigh", "mail") == []


def folder(parent: Path, name: str) -> Path:
    made = parent / name
    made.mkdir()
    return made


def check_labels(told: Inbox) -> None:
    backlog, failures = told.first("BullMQBacklogHigh"), told.first("BullMQFailureRatioHigh")
    for alert, queue in ((backlog, "mail"), (failures, "billing")):
        assert {**alert["labels"], "alertname": ""} == {
            "alertname": "",
            "severity": "warning",
            "redis": "main",
            "prefix": "bull",
            "queue": queue,
        }
        assert alert["receiver"] == "chat"
        assert alert["annotations"]["page"] == f"/admin/queues/queues/main/bull/{queue}"


def calm(*queues: NodeQueue) -> None:
    """Nothing waits any more, and so nothing more fails."""
    for queue in queues:
        queue.call("queue.drain")


def job(name: str, **script: object) -> dict[str, object]:
    return {"name": name, "data": {"script": script}, "opts": {"removeOnComplete": True, "removeOnFail": True}}


def failing(number: int) -> dict[str, object]:
    """Every third job fails."""
    return {"fail": "the printer is on fire"} if number % 3 == 0 else {}


def example_that_tells(told: Inbox, folder: Path) -> Path:
    """The example, its receivers being ours and its waits as fast as the rules."""
    config = folder / "alertmanager.yml"
    config.write_text(re.sub(r"http://\w+\.example/alerts", told.url, scaled(EXAMPLE.read_text("utf-8"))))
    return config
