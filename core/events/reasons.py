"""The few classes that reasons of failures are counted by: no metric ever holds a reason itself."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import Invalid
from core.redis_settings import nearest
from core.text import text

STALLED, OTHER = "stalled", "other"
# What the libraries write themselves when a job's worker was lost too often.
_GIVEN_UP = b"job stalled more than "
# Reasons may be whole documents; what tells them apart stands at the beginning.
_LONGEST = 2000
_KNOWN = ("name", "match")


@dataclass(frozen=True, slots=True)
class Reason:
    """A class of failures: its name, and the regular expression that a reason has to contain."""

    name: str
    match: re.Pattern[str]


def reason_tables(tables: Any, where: str) -> tuple[Reason, ...]:
    """The [[reason]] tables of a settings file. Raises Invalid, naming the file, where they make no sense."""
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise Invalid(f"{where}: reason must be written as [[reason]] tables.")
    reasons = tuple(_reason(table, where) for table in tables)
    names = [reason.name for reason in reasons]
    for name in (STALLED, OTHER):
        if name in names:
            raise Invalid(f"{where}: a [[reason]] must not be called {name!r}: that one is there already.")
    if doubled := {name for name in names if names.count(name) > 1}:
        raise Invalid(f"{where}: two [[reason]] tables are called {doubled.pop()!r}.")
    return reasons


def _reason(table: Mapping[str, Any], where: str) -> Reason:
    for key in table:
        if key not in _KNOWN:
            raise Invalid(f"{where} has an unknown setting {key!r} in [[reason]].", nearest(key, _KNOWN))
    name, match = table.get("name"), table.get("match")
    if not isinstance(name, str) or not name or not isinstance(match, str) or not match:
        raise Invalid(f'{where}: a [[reason]] must be like name = "timeout", match = "ETIMEDOUT|timed out".')
    try:
        return Reason(name, re.compile(match, re.IGNORECASE))
    except re.error as error:
        raise Invalid(f"{where}: match of [[reason]] {name!r} is no regular expression: {error}.") from error


class Reasons:
    """Sorts reasons into the configured classes, the first that fits."""

    def __init__(self, configured: Sequence[Reason] = ()) -> None:
        self._configured = configured

    def zeros(self) -> dict[str, int]:
        """Every class there is, with nothing counted."""
        return dict.fromkeys([*(reason.name for reason in self._configured), STALLED, OTHER], 0)

    def of(self, reason: bytes) -> str:
        """The class of a reason."""
        if reason.startswith(_GIVEN_UP):
            return STALLED
        said = text(reason[:_LONGEST]) if self._configured else ""
        return next((each.name for each in self._configured if each.match.search(said)), OTHER)
