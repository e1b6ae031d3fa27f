"""Serves the demo's queues, and starts the server anew whenever code, a template or a static file changes.

The queues and their workers stay while the server comes and goes, so an open page goes on where it was.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from tickbird.demo.run import run_demo

ROOT = Path(__file__).resolve().parent.parent
WATCHED = ("tickbird", "core", "dashboard", "exporter", "templates", "static")
KINDS = {".py", ".lua", ".html", ".css", ".js", ".svg"}
LOOK_EVERY = 0.3

Seen = frozenset[tuple[Path, int]]


def seen() -> Seen:
    """Every watched file with the time of its last change."""
    files = (path for folder in WATCHED for path in (ROOT / folder).rglob("*") if path.suffix in KINDS)
    return frozenset((path, path.stat().st_mtime_ns) for path in files if path.exists())


def wait_for_a_change(before: Seen) -> None:
    while (now := seen()) == before:
        time.sleep(LOOK_EVERY)
    print("changed:", *sorted({str(path.relative_to(ROOT)) for path, _ in before ^ now}), flush=True)


def serve(url: str) -> None:
    while True:
        before = seen()
        server = subprocess.Popen([sys.executable, "-m", "tickbird", "serve", "--redis", f"demo={url}", *sys.argv[1:]])
        try:
            wait_for_a_change(before)
        finally:
            server.terminate()
            server.wait()


if __name__ == "__main__":
    run_demo(serve=serve)
