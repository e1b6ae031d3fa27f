"""Tickbird as a program of its own, over a Redis that is full of queues to be fuzzed."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import redis as redis_py

from tests.fuzz.company import PINNED, fill
from tickbird.demo.server import EmbeddedServer

BASE = "/admin/queues"
# Starting takes a second; a busy machine may take many.
PATIENCE = 60.0
ADDRESS = re.compile(rf"http://[^:/]+:(\d+){BASE}")
FAULT = re.compile(r"^\S+ \S+ (?:ERROR|CRITICAL) |^Traceback")
SETTINGS = """\
allow = ["edit", "obliterate"]
dead_letter = ["mail"]
[[redis]]
name = "default"
url = "{url}"
prefixes = ["*"]
dialects = {{ {pins} }}
[[redact]]
keys = ["password"]
"""


@dataclass(frozen=True)
class Served:
    """Where it is, with the Redis behind it; `log` is what it has written so far."""

    url: str
    server: EmbeddedServer
    log: Path

    @property
    def faults(self) -> list[str]:
        """The lines that it wrote of faults of its own."""
        lines = self.log.read_text(errors="replace").splitlines()
        return [line for line in lines if FAULT.search(line)]


@contextmanager
def tickbird() -> Iterator[Served]:
    """A program that serves everything and allows everything, until the block ends."""
    with EmbeddedServer.start() as server, tempfile.TemporaryDirectory() as folder:
        with redis_py.Redis.from_url(server.url) as redis:
            fill(redis)
        log, said = Path(folder, "log"), Path(folder, "said")
        pins = ", ".join(f'"{name}" = "{dialect}"' for name, dialect in PINNED)
        Path(folder, "tickbird.toml").write_text(SETTINGS.format(url=server.url, pins=pins))
        command = [sys.executable, "-m", "tickbird", "serve", "--port", "0", "--config", f"{folder}/tickbird.toml"]
        with log.open("wb") as errors, said.open("wb") as words:
            running = subprocess.Popen([*command, "--state-url", server.url], stdout=words, stderr=errors)
        try:
            yield Served(f"http://localhost:{_port(running, said, log)}", server, log)
        finally:
            running.terminate()
            try:
                running.wait(PATIENCE)
            finally:
                running.kill()


def _port(running: subprocess.Popen[bytes], said: Path, log: Path) -> str:
    deadline = time.monotonic() + PATIENCE
    while not (found := ADDRESS.search(said.read_text())):
        assert running.poll() is None, log.read_text()
        assert time.monotonic() < deadline, "Tickbird did not start"
        time.sleep(0.02)
    return found[1]
