"""Other people's code in static/vendor/ is what VENDORED.md says it is, unchanged."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

from tests.conventions.tree import ROOT, files, text

FOLDER = Path("static/vendor")


def checksum(path: Path) -> str:
    return base64.b64encode(hashlib.sha384((ROOT / path).read_bytes()).digest()).decode()


def test_every_vendored_file_has_the_checksum_that_is_written_down() -> None:
    vendored = [path for path in files("static") if path.is_relative_to(FOLDER) and path.suffix != ".md"]
    written = dict(re.findall(r"^\| `([^`]+)` \|.*\| `([A-Za-z0-9+/=]{64})` \|", text(FOLDER / "VENDORED.md"), re.M))
    assert vendored
    assert {path.name: checksum(path) for path in vendored} == written


def test_every_vendored_script_has_its_version_in_its_name() -> None:
    scripts = [path.name for path in files("static", suffix=".js") if path.is_relative_to(FOLDER)]
    assert [name for name in scripts if not re.search(r"-\d+\.\d+\.\d+\.js$", name)] == []
