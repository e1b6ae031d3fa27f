"""Stack traces as people read them: the message, then the frames of their own code, the rest folded."""

from __future__ import annotations

from dataclasses import dataclass

from core.failures.frames import innermost_last, is_foreign, is_frame

MOST_FRAMES = 200


@dataclass(frozen=True, slots=True)
class Stack:
    """A trace as written (`text`), taken apart: `own` frames and `foreign` ones, each in their order."""

    text: str
    message: str
    own: tuple[str, ...]
    foreign: tuple[str, ...]


def stack(trace: str) -> Stack:
    """Take apart a trace as V8 or Python writes it; one in another shape is all message."""
    lines = trace.split("\n")
    message, frames = _of_python(lines) if innermost_last(trace) else _of_node(lines)
    own = tuple(frame.strip() for frame in frames if not is_foreign(frame))
    foreign = tuple(frame.strip() for frame in frames if is_foreign(frame))
    return Stack(trace, message, own, foreign)


def _of_node(lines: list[str]) -> tuple[str, list[str]]:
    first = next((number for number, line in enumerate(lines) if is_frame(line)), len(lines))
    return "\n".join(lines[:first]).strip(), [line for line in lines[first : first + MOST_FRAMES] if line.strip()]


def _of_python(lines: list[str]) -> tuple[str, list[str]]:
    """It ends with what went wrong; the innermost frame, which it names last, comes first here."""
    said = [line for line in lines if line.strip() and not line[0].isspace()]
    return (said or [""])[-1].strip(), [line for line in reversed(lines) if is_frame(line)][:MOST_FRAMES]
