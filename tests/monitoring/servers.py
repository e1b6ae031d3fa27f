"""Real programs of the monitoring world on loopback, for the length of a test."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ATTEMPTS = 5  # a free port may be taken before the program listens on it
START_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Alertmanager:
    """A running Alertmanager."""

    url: str

    def add(self, *alerts: dict[str, str]) -> None:
        """Tell it of alerts, as Prometheus would: each by its labels."""
        body = json.dumps([{"labels": labels} for labels in alerts]).encode()
        request = urllib.request.Request(f"{self.url}/api/v2/alerts", body, {"content-type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert answer.status == 200

    def alerts(self) -> list[dict[str, Any]]:
        with urllib.request.urlopen(f"{self.url}/api/v2/alerts", timeout=10) as answer:
            found: list[dict[str, Any]] = json.load(answer)
        return found


@contextmanager
def alertmanager(config: Path, folder: Path) -> Iterator[Alertmanager]:
    """An Alertmanager with this configuration; it keeps its own things in `folder`."""
    options = [
        f"--config.file={config}",
        f"--storage.path={folder / 'alertmanager'}",
        "--cluster.listen-address=",  # else it opens a port to gossip on
    ]
    with running("prometheus-alertmanager", options, folder / "alertmanager.log") as url:
        yield Alertmanager(url)


@contextmanager
def running(program: str, options: list[str], log: Path) -> Iterator[str]:
    """The program on a free port, until the end of the block; yields its URL once it says that it is ready."""
    binary = shutil.which(program)
    assert binary, f"{program} is not installed: bin/system-packages brings it"
    process, url = _started([binary, *options], log)
    try:
        yield url
    finally:
        _end(process)


def _started(command: list[str], log: Path) -> tuple[subprocess.Popen[bytes], str]:
    for _ in range(ATTEMPTS):
        address = f"127.0.0.1:{_free_port()}"
        with log.open("wb") as said:
            process = subprocess.Popen(
                [*command, f"--web.listen-address={address}"], stdout=said, stderr=subprocess.STDOUT
            )
        deadline = time.monotonic() + START_SECONDS
        while process.poll() is None and time.monotonic() < deadline:
            if _is_ready(f"http://{address}"):
                return process, f"http://{address}"
            time.sleep(0.05)
        _end(process)
    raise AssertionError(f"{command[0]} did not start: {log.read_text()[-2000:]}")


def _is_ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/-/ready", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


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
