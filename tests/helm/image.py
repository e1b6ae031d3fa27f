"""The Dockerfile as far as it can be tried without a container engine: its build's steps, and its health check."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PLACES = ("/wheels", "/dist", "/tickbird")
INSTRUCTION = re.compile(r"^([A-Z]+) ((?:.*\\\n)*.*)$", re.MULTILINE)


def instructions(kind: str) -> list[str]:
    """What stands behind each instruction of this kind, on one line."""
    text = "\n".join(line for line in (ROOT / "Dockerfile").read_text().splitlines() if not line.startswith("#"))
    return [re.sub(r"\\\n\s*", "", body) for name, body in INSTRUCTION.findall(text) if name == kind]


def health_check() -> list[str]:
    """The command of the health check."""
    (body,) = instructions("HEALTHCHECK")
    command: list[str] = json.loads(body[body.index("[") :])
    return command


def sent() -> list[Path]:
    """The files that .dockerignore lets into the build, relative to the root."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    wanted = [ROOT / line[1:] for line in lines if line.startswith("!")]
    found = (path for place in wanted for path in (place.rglob("*") if place.is_dir() else [place]))
    return [path.relative_to(ROOT) for path in found if path.is_file() and "__pycache__" not in path.parts]


@dataclass(frozen=True, slots=True)
class Stage:
    """The build stage, with a folder instead of a file system of its own."""

    folder: Path

    def run(self, step: str) -> subprocess.CompletedProcess[str]:
        """One RUN step, its absolute places moved below the folder, in an environment of its own."""
        moved = re.sub(rf"(?<![\w.-])({'|'.join(PLACES)})(?=[/\s]|$)", rf"{self.folder}\1", step)
        kept = {name: value for name, value in os.environ.items() if name.lower().startswith(("pip_", "http", "ssl"))}
        return subprocess.run(
            ["/bin/sh", "-ec", moved],
            cwd=self.folder / "build",
            env={"PATH": self._path(), "HOME": str(self.folder), **kept},
            capture_output=True,
            text=True,
            check=False,
        )

    def fill(self) -> None:
        """What COPY brings."""
        for path in sent():
            target = self.folder / "build" / path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / path, target)

    def _path(self) -> str:
        """A python and a pip as the base image has them: of an environment in which nothing else is."""
        clean = self.folder / "base"
        if not clean.exists():
            subprocess.run(["python3", "-m", "venv", str(clean)], check=True, env={"PATH": os.defpath})
        return f"{clean / 'bin'}:{os.defpath}"
