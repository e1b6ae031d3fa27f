"""The KEDA example: what its questions answer when jobs run, wait, are overdue, are paused, or nobody answers."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.monitoring.rules import ROOT, metrics, unknown

SCALED, WORKERS = yaml.safe_load_all((ROOT / "monitoring" / "keda" / "scaledobject.yml").read_text("utf-8"))
BACKLOG, LATENCY = (trigger["metadata"] for trigger in SCALED["spec"]["triggers"])
QUEUE = 'redis="main",prefix="bull",queue="mail"'


def series(*, active: int = 0, waiting: int = 0, overdue: int = 0, paused: int = 0, age: int = 0) -> dict[str, int]:
    """One queue, as the exporter tells of it."""
    return {
        f'bullmq_job_count{{{QUEUE},state="active"}}': active,
        f'bullmq_job_count{{{QUEUE},state="waiting"}}': waiting,
        f'bullmq_job_count{{{QUEUE},state="prioritized"}}': 0,
        f'bullmq_job_count{{{QUEUE},state="completed"}}': 1000,
        f"bullmq_queue_delayed_overdue{{{QUEUE}}}": overdue,
        f"bullmq_queue_paused{{{QUEUE}}}": paused,
        f"bullmq_queue_oldest_waiting_age_seconds{{{QUEUE}}}": age,
    }


def twice(told: dict[str, int]) -> dict[str, int]:
    """The same, by two exporters."""
    return {name.replace("{", f'{{instance="{instance}",'): value for name, value in told.items() for instance in "ab"}


def test_it_asks_for_what_the_exporter_has() -> None:
    assert unknown(metrics([BACKLOG["query"], LATENCY["query"]])) == set()


@pytest.mark.parametrize(
    ("told", "answer"),
    [
        (series(), 0),
        (series(waiting=7), 7),
        # Its last jobs still run: with 0 here, their workers would be ended under them.
        (series(active=3), 3),
        # Without a worker nobody makes them ready, so they never become "waiting".
        (series(overdue=4), 4),
        (series(active=3, waiting=7, overdue=4), 14),
        # What waits in a paused queue needs no worker; what runs there does.
        (series(active=3, waiting=7, paused=1), 3),
        (twice(series(active=3, waiting=7)), 10),
        # Nothing, not 0: KEDA takes it for an error, and falls back to a number of workers.
        ({}, None),
    ],
)
def test_the_backlog_is_what_workers_are_needed_for(told: dict[str, int], answer: int | None, tmp_path: Path) -> None:
    assert_answers(BACKLOG["query"], told, answer, tmp_path)


@pytest.mark.parametrize(
    ("told", "answer"), [(series(age=60), 60), (series(age=60, paused=1), 0), (series(), 0), ({}, None)]
)
def test_latency_is_how_long_jobs_wait_that_may_run(told: dict[str, int], answer: int | None, tmp_path: Path) -> None:
    assert_answers(LATENCY["query"], told, answer, tmp_path)


def assert_answers(query: str, told: dict[str, int], answer: int | None, folder: Path) -> None:
    test = {
        "input_series": [{"series": name, "values": f"{value}x5"} for name, value in told.items()],
        "promql_expr_test": [
            {
                "expr": query,
                "eval_time": "2m",
                "exp_samples": [] if answer is None else [{"labels": "{}", "value": answer}],
            }
        ],
    }
    file = folder / "test.yml"
    file.write_text(yaml.safe_dump({"rule_files": [], "evaluation_interval": "1m", "tests": [test]}))
    done = subprocess.run(["promtool", "test", "rules", str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_an_exporter_that_is_away_does_not_scale_to_nothing() -> None:
    triggers: list[dict[str, Any]] = SCALED["spec"]["triggers"]
    for trigger in triggers:
        assert trigger["metadata"]["ignoreNullValues"] == "false"
        assert trigger["metricType"] == "AverageValue"  # the fallback works with no other
    assert SCALED["spec"]["fallback"]["replicas"] > 0


def test_it_scales_workers_that_are_given_time_to_finish() -> None:
    assert SCALED["spec"]["scaleTargetRef"]["name"] == WORKERS["metadata"]["name"]
    assert "replicas" not in WORKERS["spec"]
    assert WORKERS["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] >= 60
