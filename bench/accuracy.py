"""What the exporter says against what the workers did: real Bull and BullMQ, every job removed when it finishes.

    python -m bench.accuracy [JOBS]

Jobs run, are retried at once and after a backoff, fail for good, are tried again in vain; one worker process is killed
with jobs in its hands, which stall and are run by another. The exporter is a process of its own that knows nothing but
Redis. Every job has a name of its own, so that its run time can be told from the others'.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from bench.exporting import Exporter, exporting
from tests.interop.node_driver import LIBRARIES, NodeDriver
from tests.interop.node_queue import NodeQueue, NodeWorker
from tickbird.demo.server import EmbeddedServer

JOBS = 10_000
HELD = 5
# Enough to keep Node busy, few enough that it still calls back in time: its own lateness would count as our error.
CONCURRENCY = 16
AT_ONCE = 250
PATIENCE = 600.0
Labels = tuple[tuple[str, str], ...]
Counts = Counter[str]


@dataclass(frozen=True, slots=True)
class Measured:
    """What the workers did, what the exporter counted, and by how much each run time was off (milliseconds)."""

    library: str
    truth: Counts
    counted: Counts
    errors: list[float]
    nameless: int

    @property
    def differences(self) -> dict[str, tuple[int, int]]:
        """Each count that differs: what it was, and what was counted."""
        keys = sorted({*self.truth, *self.counted})
        return {key: (self.truth[key], self.counted[key]) for key in keys if self.truth[key] != self.counted[key]}

    @property
    def p95(self) -> float:
        return statistics.quantiles([abs(error) for error in self.errors], n=20)[-1]


def job(number: int) -> dict[str, Any]:
    """One of ten kinds of jobs: most just run, some are retried, some fail."""
    script: dict[str, Any] = {"sleep": 5 + number * 7 % 40}
    opts: dict[str, Any] = {"removeOnComplete": True, "removeOnFail": True}
    match number % 10:
        case 1:
            script["failTimes"], opts["attempts"] = 1, 3
        case 2:
            script["failTimes"], opts["attempts"] = 2, 3
        case 3:
            script["failTimes"], opts["attempts"], opts["backoff"] = 1, 3, 30
        case 4:
            script["fail"], opts["attempts"] = "no such address", 1 + number // 10 % 3
        case 5:
            opts["delay"] = 50
        case _:
            pass
    return {"name": f"job-{number}", "data": {"script": script}, "opts": opts}


def measure(library: str, jobs: int) -> Measured:
    """Run so many jobs with one library, and compare. The server and all processes are of their own."""
    with (
        EmbeddedServer.start() as server,
        _telling_names_apart(server, jobs) as exporter,
        NodeDriver.start(server.port) as survivor,
        NodeDriver.start(server.port) as victim,
    ):
        mail = survivor.library(library).queue("mail")
        mail.open()
        doomed = victim.library(library).queue("mail").worker(concurrency=HELD, lockDuration=2000, stalledInterval=500)
        _wait(lambda: _is_followed(exporter), "the exporter did not find the queue")
        _kill_a_worker(mail, doomed, victim)
        mail.worker(concurrency=CONCURRENCY, lockDuration=2000, stalledInterval=500, maxStalledCount=3)
        for start in range(0, jobs, AT_ONCE):
            mail.add_bulk([job(number) for number in range(start, min(jobs, start + AT_ONCE))])
            _wait(lambda: mail.counts().get("waiting", 0) < AT_ONCE, "the workers do not keep up")
        _wait(lambda: not any(mail.counts("wait", "active", "delayed").values()), "some jobs never finished")
        truth = [*mail.truth(), *({"outcome": "killed", "name": f"held-{n}"} for n in range(HELD))]
        _wait(lambda: _finished(exporter) >= jobs + HELD, "the exporter did not count every job")
        return _compared(library, truth, scrape(exporter, "/metrics"), scrape(exporter, "/metrics/jobs"))


@contextmanager
def _telling_names_apart(server: EmbeddedServer, names: int) -> Iterator[Exporter]:
    """An exporter that keeps the times of every job name."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Path(folder) / "tickbird.toml"
        settings.write_text(f'[metrics]\njob_names = {2 * names + 100}\njob_times = ["*"]\n')
        with exporting(server, "--config", str(settings)) as exporter:
            yield exporter


def _kill_a_worker(mail: NodeQueue, doomed: NodeWorker, victim: NodeDriver) -> None:
    """A worker process ends with jobs in its hands; whoever runs them next is not held."""
    opts = {"removeOnComplete": True, "removeOnFail": True}
    mail.add_bulk([{"name": f"held-{n}", "data": {"script": {"hold": "gate"}}, "opts": opts} for n in range(HELD)])
    _wait(lambda: len(doomed.held()) == HELD, "the worker did not take the jobs")
    victim.kill()
    mail.call("worker.release", "gate")


def scrape(exporter: Exporter, path: str) -> dict[tuple[str, Labels], float]:
    """Every series of a page of metrics."""
    text = exporter.get(path).decode()
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def _is_followed(exporter: Exporter) -> bool:
    return any(name == "bullmq_jobs_finished_total" for name, _ in scrape(exporter, "/metrics"))


def _finished(exporter: Exporter) -> float:
    found = scrape(exporter, "/metrics")
    return sum(value for (name, _), value in found.items() if name == "bullmq_jobs_finished_total")


def _compared(
    library: str,
    truth: list[dict[str, Any]],
    queue: dict[tuple[str, Labels], float],
    names: dict[tuple[str, Labels], float],
) -> Measured:
    counted = Counter({**_counted(queue, "attempts", "bullmq_job_attempts_total", "result")})
    counted |= _counted(queue, "finished", "bullmq_jobs_finished_total", "outcome")
    counted["stalled"] = round(sum(v for (name, _), v in queue.items() if name == "bullmq_jobs_stalled_total"))
    nameless = sum(
        value
        for (name, labels), value in names.items()
        if name == "bullmq_jobs_finished_total" and dict(labels).get("name") == ""
    )
    return Measured(library, _true(truth), counted, _errors(truth, names), round(nameless))


def _counted(series: dict[tuple[str, Labels], float], what: str, metric: str, label: str) -> Counts:
    found = ((dict(labels)[label], value) for (name, labels), value in series.items() if name == metric)
    return Counter({f"{what} {word}": round(value) for word, value in found})


def _true(runs: list[dict[str, Any]]) -> Counts:
    """The same counts from what the workers wrote down: a failed run of a job that ran again was retried."""
    last = {run["name"]: place for place, run in enumerate(runs) if run["outcome"] != "killed"}
    counts: Counts = Counter()
    for place, run in enumerate(runs):
        match run["outcome"]:
            case "killed":
                counts["attempts stalled"] += 1
                counts["stalled"] += 1
            case "failed" if last[run["name"]] != place:
                counts["attempts retried"] += 1
            case outcome:
                counts[f"attempts {outcome}"] += 1
                counts[f"finished {outcome}"] += 1
    return counts


def _errors(runs: list[dict[str, Any]], names: dict[tuple[str, Labels], float]) -> list[float]:
    """By how much each job's last run is off, in milliseconds, where its name is known."""
    timed = {dict(k)["name"]: v for (n, k), v in names.items() if n == "bullmq_job_run_seconds_sum" and _is_last(k)}
    last = {run["name"]: run for run in runs if run["outcome"] != "killed"}
    return [timed[name] * 1000 - (run["finishedAt"] - run["startedAt"]) for name, run in last.items() if name in timed]


def _is_last(labels: Labels) -> bool:
    return dict(labels)["outcome"] != "retried"


def _wait(probe: Callable[[], bool], otherwise: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not probe():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.1)


def _line(measured: Measured) -> str:
    truth = measured.truth
    told = [truth[key] for key in ("finished completed", "finished failed", "attempts retried", "attempts stalled")]
    different = sum(abs(true - counted) for true, counted in measured.differences.values())
    errors = sorted(abs(error) for error in measured.errors)
    cells = [*told, different, f"{statistics.median(errors):.2f}", f"{measured.p95:.2f}", f"{errors[-1]:.1f}"]
    return f"{measured.library:>9} " + " ".join(f"{cell:>10}" for cell in (*cells, measured.nameless))


def main() -> None:
    jobs = int(sys.argv[1]) if len(sys.argv) > 1 else JOBS
    versions = {library.alias: library.version for library in LIBRARIES}
    print(f"{jobs} jobs and {HELD} in the hands of a worker that was killed; run times in milliseconds")
    # Whatever keeps Node.js from calling its processor in time is between the event and the worker's own clock.
    print(f"load of this machine, which shows in the errors: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    heads = ("completed", "failed", "retried", "stalled", "different", "error p50", "p95", "largest", "nameless")
    print(f"{'':>9} " + " ".join(f"{head:>10}" for head in heads))
    for library in sys.argv[2:] or ("bullmq6", "bullmq5", "bull4"):
        measured = measure(library, jobs)
        print(_line(measured), f"  ({versions[library]})")
        for what, (true, counted) in measured.differences.items():
            print(f"{'':>9}   {what}: {true} by the workers, {counted} by the exporter")


if __name__ == "__main__":
    main()
