"""The Alertmanager example: who is told, and what is not said because something graver is."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Iterator

import pytest

from tests.monitoring.rules import ROOT, alerts
from tests.monitoring.servers import Alertmanager, alertmanager

EXAMPLE = ROOT / "monitoring" / "alertmanager" / "alertmanager.yml"
RECEIVERS = {"critical": "pager", "warning": "chat", "info": "digest"}
QUEUE = {"redis": "main", "prefix": "bull", "queue": "mail"}


def amtool(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["amtool", *arguments], capture_output=True, text=True, check=False)


def test_the_example_is_without_a_fault() -> None:
    done = amtool("check-config", str(EXAMPLE))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: alert["alert"])
def test_reaches_whom_its_severity_says(alert: dict[str, dict[str, str]]) -> None:
    severity = alert["labels"]["severity"]
    labels = [f"alertname={alert['alert']}", f"severity={severity}", *(f"{k}={v}" for k, v in QUEUE.items())]
    done = amtool("config", "routes", "test", f"--config.file={EXAMPLE}", *labels)
    assert done.stdout.strip() == RECEIVERS[severity], done.stderr


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Alertmanager]:
    with alertmanager(EXAMPLE, tmp_path_factory.mktemp("alertmanager")) as server:
        yield server


@pytest.mark.parametrize(
    ("cause", "effect"),
    [
        ("BullMQRedisUnreachable", "BullMQExporterStale"),
        ("BullMQRedisUnreachable", "BullMQNoWorkers"),
        ("BullMQNoWorkers", "BullMQNoProgress"),
        ("BullMQNoWorkers", "BullMQBacklogHigh"),
        ("BullMQNoProgress", "BullMQQueueLatencyCritical"),
        ("BullMQQueueLatencyCritical", "BullMQQueueLatencyHigh"),
        ("BullMQFailureBudgetBurnFast", "BullMQFailureRatioHigh"),
        ("BullMQFailureRatioHigh", "BullMQFailuresHigh"),
        ("BullMQRedisEvicting", "BullMQRedisMemoryHigh"),
    ],
)
def test_a_cause_silences_its_effects_on_the_same_queue_only(running: Alertmanager, cause: str, effect: str) -> None:
    here = {"redis": f"{cause} {effect}", "prefix": "bull", "queue": "mail"}
    elsewhere = {**here, "redis": f"not {here['redis']}"}
    by_cause = {"alertname": cause, **(here if "Redis" not in cause else {"redis": here["redis"]})}

    running.add(by_cause, {"alertname": effect, **here}, {"alertname": effect, **elsewhere})

    assert wait_until_inhibited(running, effect, here["redis"])
    assert not inhibited(running, effect, elsewhere["redis"])
    assert not inhibited(running, cause, here["redis"])


def wait_until_inhibited(server: Alertmanager, name: str, redis: str) -> bool:
    deadline = time.monotonic() + 45
    while not (found := inhibited(server, name, redis)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return found


def inhibited(server: Alertmanager, name: str, redis: str) -> bool:
    (alert,) = (a for a in server.alerts() if a["labels"]["alertname"] == name and a["labels"]["redis"] == redis)
    return bool(alert["status"]["inhibitedBy"])


@pytest.mark.parametrize("named", sorted(set(re.findall(r'alertname !?=~? "([^"]+)"', EXAMPLE.read_text()))))
def test_every_alert_that_the_example_names_exists(named: str) -> None:
    start, _, rest = named.partition("(")
    for alternative in rest.rstrip(")").split("|"):
        assert [alert["alert"] for alert in alerts() if re.fullmatch(start + alternative, alert["alert"])]
