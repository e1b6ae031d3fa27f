"""Rules and Alertmanager settings with their time running faster, so that a test need not wait for minutes.

Every window, offset, `for` and interval is divided by one factor: a minute becomes a second. Thresholds, which
are numbers of jobs, shares and ages, stay what they are.
"""

from __future__ import annotations

import re

FACTOR = 60
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_RANGE = re.compile(r"(?<=\[)(\d+)([smhdw])(?=\])|(?<=offset )(\d+)([smhdw])\b")
_SETTING = re.compile(r"(?<=for: |val: |ait: )(\d+)([smhdw])$", re.MULTILINE)


def scaled(text: str) -> str:
    """The file's text, its durations divided by the factor."""
    return _SETTING.sub(_shorter, _RANGE.sub(_shorter, text))


def _shorter(match: re.Match[str]) -> str:
    number, unit = (part for part in match.groups() if part)
    return f"{int(number) * _UNITS[unit] * 1000 // FACTOR}ms"
