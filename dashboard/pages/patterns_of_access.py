"""Made-up lines of the audit log, for the page of all components."""

from __future__ import annotations

from typing import Any

from core.audit.entry import Ended, Entry
from dashboard.pages.audit import MARKS, Row
from dashboard.words import now

MAIL = "default/bull/mail"


def values(base: str) -> dict[str, Any]:
    """What the patterns of the audit log show."""
    return {"audit": [_row(base, ended) for ended in Ended]}


def _row(base: str, ended: Ended) -> Row:
    entry = Entry("1", now() - 60_000, "ada", "operator", "retry", MAIL, "3", 12, "they were down", ended, "It runs.")
    return Row(entry, base, base, MARKS[ended], "unknown outcome" if ended is Ended.BEGUN else str(ended))
