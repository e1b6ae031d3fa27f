from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from tickbird.demo.run import run_demo

REPOSITORY = Path(__file__).parents[2]
ENV = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
PROGRAM = """
import sys, time
from tickbird.demo.run import run_demo

def serve(url):
    print(url, flush=True)
    {body}

run_demo(serve=serve)
print("ended in peace")
"""


@pytest.fixture
def demo(request: pytest.FixtureRequest) -> Iterator[subprocess.Popen[str]]:
    """A demo in a process of its own, whose `serve` is the parameter."""
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(body=request.param)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=ENV,
    ) as process:
        yield process
        process.kill()


def descendants(pid: int) -> set[int]:
    table = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    children: dict[int, set[int]] = {}
    for line in table.splitlines():
        child, parent = map(int, line.split())
        children.setdefault(parent, set()).add(child)
    found: set[int] = set()
    frontier = {pid}
    while frontier:
        frontier = {child for parent in frontier for child in children.get(parent, ())}
        found |= frontier
    return found


class Started:
    """What a demo has started: its processes, and the folder of its server."""

    def __init__(self, demo: subprocess.Popen[str], soon: Callable[..., Any]) -> None:
        assert demo.stdout
        with Redis.from_url(demo.stdout.readline().strip(), decode_responses=True) as client:
            self.folder = Path(client.config_get("dir")["dir"])
            soon(lambda: client.zcard("bull:email:completed"))
            # The server and its keeper, the fleet, and the importer that dies.
            soon(lambda: len(descendants(demo.pid)) == 4)
        self.pids = descendants(demo.pid)


@pytest.mark.parametrize("demo", ["time.sleep(60)"], indirect=True)
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_everything(
    demo: subprocess.Popen[str], ending: signal.Signals, soon: Callable[..., Any], alive: Callable[[int], bool]
) -> None:
    started = Started(demo, soon)
    demo.send_signal(ending)
    out, err = demo.communicate(timeout=30)
    assert (demo.returncode, out, err) == (0, "ended in peace\n", "")
    soon(lambda: not any(alive(pid) for pid in started.pids), within=20)
    assert not started.folder.exists()


@pytest.mark.parametrize("demo", ["time.sleep(60)"], indirect=True)
def test_an_impatient_second_ctrl_c_leaves_nothing_behind_either(
    demo: subprocess.Popen[str], soon: Callable[..., Any], alive: Callable[[int], bool]
) -> None:
    started = Started(demo, soon)
    demo.send_signal(signal.SIGINT)
    demo.send_signal(signal.SIGINT)
    _, err = demo.communicate(timeout=30)
    assert err == ""
    soon(lambda: not any(alive(pid) for pid in started.pids), within=20)
    assert not started.folder.exists()


@pytest.mark.parametrize("demo", ["time.sleep(60)"], indirect=True)
def test_not_even_sigkill_leaves_anything_running_or_on_disk(
    demo: subprocess.Popen[str], soon: Callable[..., Any], alive: Callable[[int], bool]
) -> None:
    started = Started(demo, soon)
    demo.kill()
    soon(lambda: not any(alive(pid) for pid in started.pids), within=20)
    soon(lambda: not started.folder.exists(), within=20)


@pytest.mark.parametrize("demo", ["input(); raise OSError('the port is taken')"], indirect=True)
def test_an_error_while_serving_ends_everything_and_is_told(
    demo: subprocess.Popen[str], soon: Callable[..., Any], alive: Callable[[int], bool]
) -> None:
    started = Started(demo, soon)
    _, err = demo.communicate("\n", timeout=10)
    assert demo.returncode == 1
    assert "the port is taken" in err
    soon(lambda: not any(alive(pid) for pid in started.pids), within=20)
    assert not started.folder.exists()


def test_without_the_extra_the_message_says_what_to_install() -> None:
    program = """
from tickbird.demo.run import MissingExtra, run_demo
try:
    run_demo(serve=print)
except MissingExtra as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-S", "-c", program], capture_output=True, text=True, env=ENV, check=True)
    assert "pip install 'tickbird[demo]'" in done.stdout


def test_a_pace_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="greater than 0"):
        run_demo(serve=print, jobs_per_second=0)
