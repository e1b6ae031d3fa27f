"""A `tickbird exporter` of its own, which knows nothing but the server that it is pointed at."""

from __future__ import annotations

import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tickbird.demo.server import EmbeddedServer


@dataclass(frozen=True, slots=True)
class Exporter:
    """Where it is, and its process id."""

    url: str
    pid: int

    def get(self, path: str = "/metrics") -> bytes:
        """What it answers, uncompressed."""
        with urllib.request.urlopen(self.url + path, timeout=60) as answer:
            return bytes(answer.read())


@contextmanager
def exporting(server: EmbeddedServer, *flags: str) -> Iterator[Exporter]:
    """Run it until the end of the block; ended by its process id."""
    command = [sys.executable, "-m", "tickbird", "exporter", "--redis", server.url, "--port", "0", *flags]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            address = next(line.strip() for line in process.stdout if line.strip().startswith("http://"))
            yield Exporter(address.removesuffix("/metrics"), process.pid)
        finally:
            process.terminate()
