"""The dashboards are what the code makes, and every panel says what it shows, in which unit, and where to go on."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard
from prometheus_client import ProcessCollector

from monitoring.grafana.__main__ import DASHBOARDS
from monitoring.grafana.drawn import drawn
from tests.monitoring.dashboards import FILES, dashboards, expressions, panels
from tests.monitoring.rules import metrics, unknown

# What prometheus-client tells of the process, as docs/metrics.md says.
OF_THE_PROCESS = {sample.name for metric in ProcessCollector(registry=None).collect() for sample in metric.samples}
every_panel = pytest.mark.parametrize("panel", panels(), ids=lambda panel: panel["title"])
every_dashboard = pytest.mark.parametrize("dashboard", dashboards(), ids=lambda dashboard: dashboard["uid"])


def test_the_files_are_what_the_code_makes() -> None:
    made = {f"{dashboard.uid}.json": drawn(dashboard) for dashboard in DASHBOARDS}
    assert {file.name: file.read_text("utf-8") for file in FILES} == made, "run: python -m monitoring.grafana"


@every_panel
def test_a_panel_says_what_it_shows_and_in_which_unit(panel: dict[str, Any]) -> None:
    assert panel["title"]
    assert panel["description"].endswith(".")
    assert panel["fieldConfig"]["defaults"]["unit"]


@every_panel
def test_a_panel_asks_the_data_source_that_the_reader_chose(panel: dict[str, Any]) -> None:
    sources = [panel["datasource"], *(target["datasource"] for target in panel["targets"])]
    assert sources == [{"type": "prometheus", "uid": "${datasource}"}] * len(sources)


@every_panel
def test_a_panel_leads_into_our_pages(panel: dict[str, Any]) -> None:
    if panel["type"] == "heatmap":  # its cells belong to no one queue
        return
    assert re.search(r'"url": "\$\{tickbird\}(/queues/|")', json.dumps(panel["fieldConfig"]))


@every_dashboard
def test_nothing_overlaps_and_no_number_is_taken_twice(dashboard: dict[str, Any]) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in dashboard["panels"]:
        place = panel["gridPos"]
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert cells & taken == set(), panel["title"]
        assert place["x"] + place["w"] <= 24
        taken |= cells
    numbers = [panel["id"] for panel in dashboard["panels"]]
    assert len(set(numbers)) == len(numbers)


@every_dashboard
def test_every_variable_that_is_used_can_be_chosen(dashboard: dict[str, Any]) -> None:
    there = {variable["name"] for variable in dashboard["templating"]["list"]}
    used = set(re.findall(r"\$\{?(?!__)(\w+)", json.dumps(dashboard["panels"])))
    assert used - there == set()
    assert {"datasource", "tickbird"} <= there


@every_dashboard
def test_grafanas_own_model_knows_every_key(dashboard: dict[str, Any]) -> None:
    understood = json.loads(json.dumps(Dashboard.from_json(dashboard), cls=JSONEncoder))
    assert lost(dashboard, understood) == []


def lost(before: Any, after: Any, where: str = "") -> list[str]:
    """The keys that are gone after a way through the model."""
    if isinstance(before, dict):
        gone = [f"{where}.{key}" for key in before if key not in (after or {})]
        return gone + [key for name in before if name in (after or {}) for key in lost(before[name], after[name], name)]
    if isinstance(before, list):
        return [key for one, other in zip(before, after, strict=True) for key in lost(one, other, where)]
    return []


def test_the_expressions_use_only_what_the_exporter_has() -> None:
    asked = {name for _, expression in expressions() for name in re.findall(r"\b(\w+)\{", expression)}
    ours = metrics(expression for _, expression in expressions())
    assert unknown(ours) == set()
    assert {name for name in asked - ours if name not in OF_THE_PROCESS} == set()


def test_every_expression_can_be_read(tmp_path: Path) -> None:
    rules = [{"record": f"panel:{number}", "expr": found} for number, (_, found) in enumerate(expressions())]
    for rule in rules:
        rule["record"] = "panel:x" + rule["record"].partition(":")[2]
    file = tmp_path / "rules.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    done = subprocess.run(["promtool", "check", "rules", str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
