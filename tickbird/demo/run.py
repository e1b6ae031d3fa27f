"""The demo from start to end: a server, the fleet in a process of its own, and whatever shows them."""

from __future__ import annotations

import importlib.util
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Never

from tickbird.demo import lifeline
from tickbird.demo.binary import DemoUnavailable
from tickbird.demo.server import EmbeddedServer

ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class MissingExtra(DemoUnavailable):
    """The packages that only the demo needs are not installed."""


def run_demo(
    *, serve: Callable[[str], None], jobs_per_second: float = 5.0, queues: int = 0, seed: str = "tickbird"
) -> None:
    """Runs `serve(redis_url)` over a fresh server that a fleet of real producers and workers keeps busy.

    `jobs_per_second` scales all producers together. `queues` is the number of queues in all: where it exceeds
    the company's own, tenants' queues are added. The same `seed` gives the same names and data.
    Ends when `serve` does, or, from the main thread, by SIGINT and SIGTERM; then nothing is left running or on
    disk. Raises DemoUnavailable (MissingExtra, NoServer, NotStarted) with a message for the user.
    """
    if jobs_per_second <= 0:
        raise ValueError("jobs_per_second has to be greater than 0")
    _require_the_extra()
    options = ("--jobs-per-second", str(jobs_per_second), "--queues", str(queues), "--seed", seed)
    with _until_a_signal(), EmbeddedServer.start() as server, _fleet("--redis", server.url, *options):
        serve(server.url)


def _require_the_extra() -> None:
    if importlib.util.find_spec("bullmq") is None:
        raise MissingExtra(
            "The demo needs the package bullmq, which is not installed. Install it:\n  pip install 'tickbird[demo]'"
        )


@contextmanager
def _fleet(*options: str) -> Iterator[None]:
    child = lifeline.start("tickbird.demo.fleet", "--end-with-parent", *options)
    ended_by_us = threading.Event()
    watch = threading.Thread(target=_report_end, args=(child, ended_by_us), daemon=True)
    watch.start()
    try:
        yield
    finally:
        ended_by_us.set()
        lifeline.stop(child)
        watch.join()


def _report_end(child: subprocess.Popen[bytes], ended_by_us: threading.Event) -> None:
    code = child.wait()
    if not ended_by_us.is_set():
        print(f"The demo's workers have ended, with exit code {code}. Its queues stand still now.", file=sys.stderr)


@contextmanager
def _until_a_signal() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, _end) for number in ENDING_SIGNALS}
    try:
        with suppress(KeyboardInterrupt):
            yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end(_number: int, _frame: FrameType | None) -> Never:
    # The way out takes a fraction of a second: an impatient second Ctrl-C shall not cut it short.
    for number in ENDING_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt
