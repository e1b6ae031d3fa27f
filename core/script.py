"""Our Lua: a verb in a file, put behind the prelude of a dialect, known to Redis by its digest."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "dialects"
# A prelude, or a verb, says where it takes in a part that it shares with others.
_PART = re.compile(rb"^-- WITH (\w+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Script:
    """A whole script as Redis gets it."""

    name: str
    source: bytes
    sha: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "sha", hashlib.sha1(self.source, usedforsecurity=False).hexdigest())


@cache
def script(dialect: str, verb: str) -> Script:
    """The verb `verbs/<verb>.lua` behind `<dialect>/prelude.lua`: what differs between layouts is in the prelude."""
    prelude = (FOLDER / dialect / "prelude.lua").read_bytes()
    own = (FOLDER / "verbs" / f"{verb}.lua").read_bytes()
    return Script(f"{dialect}/{verb}", _PART.sub(_part, prelude + b"\n" + own))


def _part(line: re.Match[bytes]) -> bytes:
    return (FOLDER / "parts" / f"{line[1].decode()}.lua").read_bytes()
