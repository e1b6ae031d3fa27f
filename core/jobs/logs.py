"""A job's log lines, a page at a time and within a budget of bytes."""

from __future__ import annotations

from core.instance import Instance, pack
from core.job import Logs
from core.text import text

LONGEST_LINE = 8192
# What one page may move from Redis. Lines have no length that could be asked for, so their average is estimated.
BUDGET = 2_000_000


async def read_logs(instance: Instance, key: bytes, start: int, limit: int) -> Logs:
    """Up to `limit` lines from `start` on; a negative start counts from the end. Fewer where lines are large."""
    logs = key + b":logs"
    length, size = await instance.batch([pack(b"LLEN", logs), pack(b"MEMORY", b"USAGE", logs)])
    # The size is an estimate that we can do without; the length is not.
    total = instance.answer(length)
    if not isinstance(total, int) or not total:
        return Logs((), 0, 0)
    first = max(0, total + start) if start < 0 else min(start, total)
    count = min(limit, _affordable(total, size))
    if start < 0:
        first = max(first, min(total, first + limit) - count)
    (lines,) = await instance.read([pack(b"LRANGE", logs, first, first + count - 1)])
    return Logs(tuple(_line(line) for line in lines or ()), first, total)


def _affordable(total: int, size: object) -> int:
    average = size / total if isinstance(size, int) else LONGEST_LINE
    return max(1, int(BUDGET / max(1.0, average)))


def _line(raw: bytes) -> str:
    if len(raw) <= LONGEST_LINE:
        return text(raw)
    return f"{text(raw[:LONGEST_LINE])}… (cut; the line has {len(raw):,} bytes)"
