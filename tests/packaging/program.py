"""A command line program as a person runs it: to its end, or as a server until it is stopped."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

START_SECONDS = 30.0
STOP_SECONDS = 10.0
ADDRESS = re.compile(r"https?://(?:127\.0\.0\.1|localhost):\d+[\w/.-]*")


@dataclass(frozen=True, slots=True)
class Program:
    """An executable with the directory and the environment that it always runs in."""

    executable: Path
    cwd: Path
    environ: Mapping[str, str]

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run to the end. `stdout` holds standard error too, as a terminal shows it."""
        return subprocess.run(
            [str(self.executable), *arguments],
            cwd=self.cwd,
            env=dict(self.environ),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
            check=False,
        )

    @contextmanager
    def serving(self, *arguments: str) -> Iterator[str]:
        """Start a server and yield the first address that it prints; it is stopped at the end of the block."""
        output = self.cwd / "output.log"
        with output.open("w") as said:
            process = subprocess.Popen(
                [str(self.executable), *arguments],
                cwd=self.cwd,
                env=dict(self.environ),
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            yield _first_address(process, output)
        finally:
            _stop(process)


def _first_address(process: subprocess.Popen[bytes], output: Path) -> str:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if found := ADDRESS.search(output.read_text()):
            return found.group().rstrip(".")
        assert process.poll() is None, f"it ended with {process.returncode}: {output.read_text()}"
        time.sleep(0.05)
    raise AssertionError(f"no address within {START_SECONDS} s: {output.read_text()}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise
