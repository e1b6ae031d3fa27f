"""Stack traces as people read them: the message, then the frames of their own code, the rest folded."""

from __future__ import annotations

import re
from dataclasses import dataclass

_FRAME = re.compile(r"^\s+at ")
# Node's own frames, and what was installed rather than written.
_FOREIGN = re.compile(r"node_modules[\\/]|\bnode:|\(internal[\\/]|\bnative\b|<anonymous>\)?$|[\\/]\.(yarn|pnpm)[\\/]")
MOST_FRAMES = 200


@dataclass(frozen=True, slots=True)
class Stack:
    """A trace as written (`text`), taken apart: `own` frames and `foreign` ones, each in their order."""

    text: str
    message: str
    own: tuple[str, ...]
    foreign: tuple[str, ...]


def stack(trace: str) -> Stack:
    """Take apart a trace as V8 writes it; one in another shape is all message."""
    lines = trace.split("\n")
    first = next((number for number, line in enumerate(lines) if _FRAME.match(line)), len(lines))
    frames = [line.strip() for line in lines[first : first + MOST_FRAMES] if line.strip()]
    own = tuple(frame for frame in frames if not _FOREIGN.search(frame))
    foreign = tuple(frame for frame in frames if _FOREIGN.search(frame))
    message = "\n".join(lines[:first]).strip()
    return Stack(trace, message, own, foreign) if own else Stack(trace, message, foreign, ())
