"""Options on a job that its library silently ignores: shown as such, because people trust what they wrote."""

from __future__ import annotations

from typing import Any

from core.model import Dialect

_BULLMQ = {
    "limiter": "BullMQ reads a rate limit from the worker or the queue, never from a job.",
    "timeout": "BullMQ has no timeout per job; only Bull has.",
    "group": "Groups need BullMQ Pro.",
    "preventParsingData": "Only Bull knows this option.",
}
_BULL = {
    "limiter": "Bull reads a rate limit from the queue, never from a job.",
    "group": "Bull has no groups.",
    "parent": "Bull has no flows.",
    "failParentOnFailure": "Bull has no flows.",
    "removeDependencyOnFailure": "Bull has no flows.",
    "ignoreDependencyOnFailure": "Bull has no flows.",
    "deduplication": "Bull calls this debounce.",
    "keepLogs": "Bull keeps all log lines.",
    "kl": "Bull keeps all log lines.",
    "sizeLimit": "Bull does not limit the size of data.",
}
_OLDER = {"deduplication": "BullMQ has this from 5.17 on.", "debounce": "BullMQ has this from 5.11 on."}


def ineffective(opts: Any, dialect: Dialect, *, pro: bool) -> tuple[tuple[str, str], ...]:
    """`(option, why)` for each option of this job that has no effect in its dialect."""
    if not isinstance(opts, dict):
        return ()
    known = _known(dialect)
    return tuple((name, why) for name, why in known.items() if name in opts and not (name == "group" and pro))


def _known(dialect: Dialect) -> dict[str, str]:
    if dialect is Dialect.BULL:
        return _BULL
    return _BULLMQ if dialect is Dialect.MQ5 else _BULLMQ | _OLDER
