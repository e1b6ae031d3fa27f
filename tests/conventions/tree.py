"""What is in this repository: the committed files, by kind. Knows nothing of what is in them."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = ("tickbird", "core", "dashboard", "exporter")


@cache
def committed() -> tuple[Path, ...]:
    """Every file that is in git or would be with the next `git add .`, relative to the root."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout.decode()
    named = (Path(name) for name in listing.split("\0") if name)
    return tuple(sorted(path for path in named if (ROOT / path).is_file()))


def files(*folders: str, suffix: str | None = None) -> list[Path]:
    """The committed files below these top-level folders (all, if none is named), of this suffix if one is named."""
    below = [path for path in committed() if not folders or path.parts[0] in folders]
    return [path for path in below if suffix is None or path.suffix == suffix]


def own(paths: list[Path]) -> list[Path]:
    """Those that we wrote: not what is vendored."""
    return [path for path in paths if "vendor" not in path.parts]


def text(path: Path) -> str:
    return (ROOT / path).read_text("utf-8")


def line_of(content: str, position: int) -> int:
    return content.count("\n", 0, position) + 1
