"""The Node libraries the interop tests run, as installed under their aliases, and the facts that tell them apart."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
SETUP = "npm ci --prefix tests/interop"


@dataclass(frozen=True, slots=True)
class Library:
    """One library. `dialect` is the layout it writes: bull, mq_list, mq4 or mq5."""

    alias: str
    package: str
    version: str
    dialect: str

    @property
    def major(self) -> int:
        return int(self.version.split(".")[0])

    @property
    def is_bull(self) -> bool:
        return self.package == "bull"

    @property
    def has_prioritized_state(self) -> bool:
        """Whether prioritised jobs have a state of their own, rather than a place in the wait list."""
        return self.dialect in {"mq4", "mq5"}

    @property
    def has_schedulers(self) -> bool:
        return self.alias in {"bullmq5", "bullmq6"}

    @property
    def has_repeatables(self) -> bool:
        return self.alias != "bullmq6"

    @property
    def has_metrics(self) -> bool:
        return self.alias != "bull3"

    @property
    def renames_wait_on_pause(self) -> bool:
        return self.alias != "bullmq6"


LIBRARIES: tuple[Library, ...] = (
    Library("bull3", "bull", "3.29.3", "bull"),
    Library("bull4", "bull", "4.16.5", "bull"),
    Library("bullmq1", "bullmq", "1.91.1", "mq_list"),
    Library("bullmq2", "bullmq", "2.4.0", "mq_list"),
    Library("bullmq3", "bullmq", "3.16.2", "mq_list"),
    Library("bullmq4", "bullmq", "4.18.3", "mq4"),
    Library("bullmq51", "bullmq", "5.1.0", "mq5"),
    Library("bullmq5", "bullmq", "5.81.5", "mq5"),
    Library("bullmq6", "bullmq", "6.7.0", "mq5"),
)


class NotInstalled(RuntimeError):
    """Node or its packages are missing; the message says what to run."""


def ensure_installed() -> None:
    """Raises NotInstalled unless node is on PATH and every library lies in node_modules at its pinned version."""
    if shutil.which("node") is None:
        raise NotInstalled(f"there is no `node` on PATH: install Node 20 or newer, then run `{SETUP}`")
    for library in LIBRARIES:
        if installed_version(library.alias) != library.version:
            raise NotInstalled(f"{library.alias} {library.version} is not installed: run `{SETUP}`")


def installed_version(alias: str) -> str | None:
    manifest = HERE / "node_modules" / alias / "package.json"
    return str(json.loads(manifest.read_text())["version"]) if manifest.is_file() else None
