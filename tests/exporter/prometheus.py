"""A real Prometheus that scrapes what it is told to, on loopback, for the length of a test."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ATTEMPTS = 5  # a free port may be taken before Prometheus listens on it
START_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Prometheus:
    """A running server: `query` asks it for an instant vector, `targets` what it last scraped and how that went."""

    url: str

    def query(self, expression: str) -> list[tuple[dict[str, str], float]]:
        """Labels and value of every series that the expression gives now."""
        found = self._get(f"/api/v1/query?query={urllib.parse.quote(expression)}")["data"]["result"]
        return [(series["metric"], float(series["value"][1])) for series in found]

    def targets(self) -> list[dict[str, Any]]:
        return list(self._get("/api/v1/targets")["data"]["activeTargets"])

    def is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/-/ready", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def _get(self, path: str) -> Any:
        with urllib.request.urlopen(self.url + path, timeout=10) as answer:
            return json.load(answer)


@contextmanager
def scraping(targets: Mapping[str, int], folder: Path) -> Iterator[Prometheus]:
    """Scrape these jobs, each a port on loopback, every second until the end of the block."""
    binary = shutil.which("prometheus")
    assert binary, "prometheus is not installed: bin/system-packages brings it"
    jobs = [{"job_name": job, "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]} for job, port in targets.items()]
    config = folder / "prometheus.yml"
    config.write_text(json.dumps({"global": {"scrape_interval": "1s", "scrape_timeout": "1s"}, "scrape_configs": jobs}))
    process, server = _started(binary, config)
    try:
        yield server
    finally:
        _end(process)


def _started(binary: str, config: Path) -> tuple[subprocess.Popen[bytes], Prometheus]:
    log = config.with_suffix(".log")
    for _ in range(ATTEMPTS):
        address = f"127.0.0.1:{_free_port()}"
        options = [
            f"--config.file={config}",
            f"--storage.tsdb.path={config.parent / 'tsdb'}",
            f"--web.listen-address={address}",
        ]
        with log.open("wb") as said:
            process = subprocess.Popen([binary, *options], stdout=said, stderr=subprocess.STDOUT)
        server, deadline = Prometheus(f"http://{address}"), time.monotonic() + START_SECONDS
        while process.poll() is None and time.monotonic() < deadline:
            if server.is_ready():
                return process, server
            time.sleep(0.05)
        _end(process)
    raise AssertionError(f"prometheus did not start: {log.read_text()[-2000:]}")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
