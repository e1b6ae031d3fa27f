"""Tickbird as a process of its own, as people run it: asked over HTTP, listened to on its standard error, told to stop
by a signal."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")
ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+/admin/queues")
PATIENCE = 60.0


def until(probe: Callable[[], T], seconds: float = PATIENCE) -> T:
    """The first truthy answer; AssertionError with the last one after so many seconds."""
    deadline = time.monotonic() + seconds
    while not (answer := probe()):
        assert time.monotonic() < deadline, f"not so within {seconds:g} s; the last answer was {answer!r}"
        time.sleep(0.02)
    return answer


@dataclass(frozen=True)
class Ended:
    """How it went: its exit code, and after how many seconds."""

    code: int
    seconds: float


@dataclass
class Program:
    """`folder` has what it said: `said` on standard output, `told` on standard error."""

    process: subprocess.Popen[bytes]
    folder: Path
    url: str = ""

    def ask(self, path: str, body: Any = None, method: str = "") -> Any:
        """A call of the JSON API; `path` begins behind `api/`, or with `/` for one that an answer named."""
        base = self.url.split("/admin", maxsplit=1)[0] if path.startswith("/") else f"{self.url}/api/"
        request = urllib.request.Request(base + path, method=method or ("GET" if body is None else "POST"))
        request.add_header("Sec-Fetch-Site", "same-origin")
        request.add_header("Content-Type", "application/json")
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(request, data, timeout=20) as answer:
            return json.load(answer)

    def read(self, path: str) -> dict[str, Any]:
        """The same; nothing where that cannot be answered now."""
        try:
            found: dict[str, Any] = self.ask(path)
        except OSError:
            return {}
        return found

    def text(self, path: str) -> tuple[int, str]:
        """Status and body of what lies at the root, as `/readyz`."""
        try:
            with urllib.request.urlopen(self.url.split("/admin", maxsplit=1)[0] + path, timeout=20) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refusal:
            with refusal:
                return refusal.code, refusal.read().decode()

    def lines(self) -> list[str]:
        """What it has told on standard error so far."""
        return (self.folder / "told").read_text("utf-8").splitlines()

    def tell(self, number: int = signal.SIGTERM) -> None:
        self.process.send_signal(number)

    def end(self, number: int = signal.SIGTERM) -> Ended:
        """Send that, and wait until it has ended."""
        began = time.monotonic()
        self.tell(number)
        return Ended(self.process.wait(PATIENCE), time.monotonic() - began)


@contextmanager
def program(folder: Path, *arguments: str, module: str = "tickbird", **environment: str) -> Iterator[Program]:
    """`python -m tickbird serve` with these, on a port of its own, as soon as it has said where."""
    started = start(folder, *arguments, module=module, **environment)
    try:
        found = until(lambda: started.process.poll() is not None or ADDRESS.search((folder / "said").read_text()))
        assert isinstance(found, re.Match), (folder / "told").read_text()
        started.url = found.group()
        yield started
    finally:
        if started.process.poll() is None:
            started.process.kill()
        started.process.wait(PATIENCE)


def start(folder: Path, *arguments: str, module: str = "tickbird", **environment: str) -> Program:
    """The same, and wait for nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("TICKBIRD_")}
    with (folder / "said").open("wb") as said, (folder / "told").open("wb") as told:
        process = subprocess.Popen(
            [sys.executable, "-m", module, "serve", "--port", "0", *arguments],
            env={**inherited, **environment},
            stdout=said,
            stderr=told,
        )
    return Program(process, folder)
