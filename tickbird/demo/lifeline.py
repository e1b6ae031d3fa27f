"""A child process of ours that cannot outlive us: its stdin is a pipe that only we hold.

The end of that pipe is the end of the parent, whatever ended it, SIGKILL included, on every POSIX system.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import threading
from pathlib import Path

PACKAGES = Path(__file__).parents[2]


def start(module: str, *args: str) -> subprocess.Popen[bytes]:
    """Starts `python -m module args`, in a session of its own so that Ctrl-C reaches only us.

    The module has to call `end_with_parent` first.
    """
    return subprocess.Popen(  # noqa: S603 - this very interpreter, on a module of ours
        [sys.executable, "-P", "-m", module, *args],
        stdin=subprocess.PIPE,
        start_new_session=True,
        env=_environment(),
    )


def stop(child: subprocess.Popen[bytes], *, patience: float = 1.0) -> None:
    """Ends a child of `start` by closing its pipe; one that does not end within `patience` seconds is killed."""
    try:
        child.communicate(timeout=patience)
    except subprocess.TimeoutExpired:
        child.kill()
        child.communicate()


def end_with_parent() -> None:
    """In the child: ends this process, at once and silently, when the parent closes the pipe or dies."""
    threading.Thread(target=_wait_for_the_end, name="lifeline", daemon=True).start()


def _environment() -> dict[str, str]:
    # A checkout need not be installed. An installed package is found anyway, and naming site-packages here
    # would put it before the standard library.
    if str(PACKAGES) in sysconfig.get_paths().values():
        return dict(os.environ)
    path = os.pathsep.join(filter(None, (str(PACKAGES), os.environ.get("PYTHONPATH"))))
    return {**os.environ, "PYTHONPATH": path}


def _wait_for_the_end() -> None:
    while os.read(0, 4096):
        pass
    os._exit(0)
