"""Our own commands in the slow logs of a Redis: told by the name of our connections, and without what they carry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.instance import pack
from core.text import integer, text

# Redis keeps 128 entries unless told otherwise.
MOST = 128
LONGEST = 120
_OURS = b"tickbird"
# Behind these the first key stands after a digest and a number.
_SCRIPTS = frozenset({b"eval", b"evalsha", b"eval_ro", b"evalsha_ro"})
COMMANDS = (pack(b"SLOWLOG", b"GET", MOST), pack(b"CONFIG", b"GET", b"slowlog-log-slower-than"))


@dataclass(frozen=True, slots=True)
class SlowCommand:
    """One slow command of ours: when (an instant), for how many microseconds, what, on which key, on which server.
    What else it carried is not shown: it may be a job's data."""

    at: int
    took: int
    command: str
    key: str
    server: str


@dataclass(frozen=True, slots=True)
class SlowLog:
    """`ours` of the `looked_at` newest entries, newest first. `threshold` is from how many microseconds on Redis notes
    a command, None where it does not tell. `refusal` says why there is nothing."""

    ours: tuple[SlowCommand, ...] = ()
    looked_at: int = 0
    threshold: int | None = None
    refusal: str = ""


def slow_log(answers: Sequence[tuple[str, Sequence[Any]]]) -> SlowLog:
    """From the replies of every server to `COMMANDS`."""
    refused = next((log for _, (log, _) in answers if not isinstance(log, list)), None)
    if refused is not None:
        return SlowLog(refusal=f"Redis does not let us ask SLOWLOG ({refused}), so what of ours was slow is not known.")
    entries = [(address, entry) for address, (log, _) in answers for entry in log]
    if any(len(entry) < 6 for _, entry in entries):
        return SlowLog(looked_at=len(entries), refusal="This Redis does not note whose the slow commands were.")
    ours = [_command(address, entry) for address, entry in entries if entry[5] == _OURS]
    return SlowLog(tuple(sorted(ours, key=lambda slow: -slow.at)), len(entries), _threshold(answers[0][1][1]))


def _command(address: str, entry: Sequence[Any]) -> SlowCommand:
    _, at, took, words, *_ = entry
    name = words[0].lower() if words else b"?"
    place = 3 if name in _SCRIPTS else 1
    key = words[place] if len(words) > place else b""
    return SlowCommand(at * 1000, took, text(name[:LONGEST]).upper(), text(key[:LONGEST]), address)


def _threshold(reply: Any) -> int | None:
    return integer(reply[1]) if isinstance(reply, list) and len(reply) == 2 else None
