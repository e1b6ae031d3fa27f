"""A job's log lines, a page at a time and within a budget of bytes."""

from __future__ import annotations

from core.instance import Instance, pack
from core.job import Logs
from core.redaction.fields import cleaned
from core.redaction.redaction import NOTHING_HIDDEN, Redaction
from core.text import text

LONGEST_LINE = 8192
# What one page may move from Redis, give or take a piece.
BUDGET = 2_000_000
# Lines have no length that could be asked for: begin with few, go on with as many as those before let one expect.
FIRST_PIECE, LARGEST_PIECE = 5, 25
# Of a list of this many lines Redis adds up the size in well under a millisecond.
MEASURED = 10_000


async def read_logs(
    instance: Instance, key: bytes, start: int, limit: int, redaction: Redaction = NOTHING_HIDDEN
) -> Logs:
    """Up to `limit` lines from `start` on; a negative start counts from the end. Fewer where lines are large."""
    logs = key + b":logs"
    (total,) = await instance.read([pack(b"LLEN", logs)])
    if not isinstance(total, int) or not total:
        return Logs((), 0, 0)
    first = max(0, total + start) if start < 0 else min(start, total)
    wanted = min(limit, total - first)
    if await _is_small(instance, logs, total):
        (lines,) = await instance.read([pack(b"LRANGE", logs, first, first + wanted - 1)])
    elif start < 0:
        lines = await _last_lines(instance, logs, first + wanted, wanted)
        first += wanted - len(lines)
    else:
        lines = await _first_lines(instance, logs, first, wanted)
    shown = [cleaned(redaction, b"logs", line) for line in lines or ()]
    return Logs(tuple(map(_line, shown)), first, total, redacted=shown != list(lines or ()))


async def _is_small(instance: Instance, logs: bytes, total: int) -> bool:
    """Whether all lines together are within the budget; where Redis does not tell, they may not be."""
    if total > MEASURED:
        return False
    (size,) = await instance.batch([pack(b"MEMORY", b"USAGE", logs, b"SAMPLES", 0)])
    return isinstance(size, int) and size <= BUDGET


async def _first_lines(instance: Instance, logs: bytes, first: int, wanted: int) -> list[bytes]:
    lines: list[bytes] = []
    while count := _affordable(lines, wanted):
        at = first + len(lines)
        (piece,) = await instance.read([pack(b"LRANGE", logs, at, at + count - 1)])
        if not piece:
            break
        lines += piece
    return lines


async def _last_lines(instance: Instance, logs: bytes, end: int, wanted: int) -> list[bytes]:
    lines: list[bytes] = []
    while count := _affordable(lines, wanted):
        at = end - len(lines)
        (piece,) = await instance.read([pack(b"LRANGE", logs, at - count, at - 1)])
        if not piece:
            break
        lines = [*piece, *lines]
    return lines


def _affordable(lines: list[bytes], wanted: int) -> int:
    """How many lines to read next, when these were read; none when that is all, or the budget is used up."""
    left = wanted - len(lines)
    if not lines:
        return min(left, FIRST_PIECE)
    used = sum(map(len, lines))
    return max(0, min(left, LARGEST_PIECE, int((BUDGET - used) * len(lines) / max(1, used))))


def _line(raw: bytes) -> str:
    if len(raw) <= LONGEST_LINE:
        return text(raw)
    return f"{text(raw[:LONGEST_LINE])}… (cut; the line has {len(raw):,} bytes)"
