"""The rules are well-formed, use only what the exporter has, and every alert is shown to fire and to keep still."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.monitoring.rules import FILES, ROOT, UNIT_TESTS, Rule, alerts, metrics, recorded, rules, unknown

GUIDE = (ROOT / "docs" / "alerts.md").read_text("utf-8")
SEVERITIES = {"critical", "warning", "info"}

every_alert = pytest.mark.parametrize("alert", alerts(), ids=lambda alert: alert["alert"])


def promtool(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["promtool", *map(str, arguments)], capture_output=True, text=True, check=False)


def test_the_rules_are_without_a_fault() -> None:
    done = promtool("check", "rules", "--lint=all", "--lint-fatal", *FILES)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("file", UNIT_TESTS, ids=lambda file: file.stem)
def test_the_alerts_do_what_their_unit_tests_say(file: Path) -> None:
    done = promtool("test", "rules", file)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_rules_use_only_what_the_exporter_has() -> None:
    assert unknown(metrics(rule["expr"] for rule in rules()) - recorded()) == set()


def test_every_recorded_series_is_used() -> None:
    assert recorded() - metrics(rule["expr"] for rule in rules()) == set()


@pytest.fixture(scope="module")
def shown() -> list[tuple[str, bool]]:
    """Which alerts the unit tests look at, and whether they expect them to fire."""
    return [
        (name, bool(check["exp_samples"]))
        for file in UNIT_TESTS
        for group in yaml.safe_load(file.read_text())["tests"]
        for check in group.get("promql_expr_test", ())
        for name in re.findall(r'alertname="(\w+)"', check["expr"])
    ]


@every_alert
@pytest.mark.parametrize("firing", [True, False], ids=["firing", "keeping still"])
def test_is_shown(alert: Rule, firing: bool, shown: list[tuple[str, bool]]) -> None:
    assert (alert["alert"], firing) in shown


@every_alert
def test_says_how_grave_it_is_and_what_to_read(alert: Rule) -> None:
    annotations: dict[str, Any] = alert["annotations"]
    assert alert["labels"]["severity"] in SEVERITIES
    assert annotations["summary"]
    assert annotations["description"]
    assert annotations["runbook_url"] == f"docs/alerts.md#{alert['alert'].lower()}"


@every_alert
def test_has_a_runbook_with_three_checks_and_a_page(alert: Rule) -> None:
    found = re.search(rf"^### {alert['alert']}\n(.*?)(?=^##|\Z)", GUIDE, re.MULTILINE | re.DOTALL)
    assert found, f"docs/alerts.md has no section on {alert['alert']}"
    assert re.findall(r"^(\d)\. ", found.group(1), re.MULTILINE) == ["1", "2", "3"]
    assert re.search(r"^Page: ", found.group(1), re.MULTILINE)
    assert alert["labels"]["severity"] in found.group(1).splitlines()[0]


def test_no_runbook_is_left_over() -> None:
    assert set(re.findall(r"^### (BullMQ\w+)$", GUIDE, re.MULTILINE)) == {alert["alert"] for alert in alerts()}
