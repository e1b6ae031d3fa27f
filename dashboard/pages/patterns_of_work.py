"""Made-up bulk work, failures, permits and differences, for the page of all components."""

from __future__ import annotations

from typing import Any

from core.errors import Conflict
from core.failures.book import Book
from core.failures.fingerprint import fingerprint
from core.failures.groups import grouped
from core.model import Permit, QueueId, State
from core.operations.operation import Operation, Status, Target
from core.operations.request import Action, Request
from dashboard.differences import differences
from dashboard.forms import UNITS
from dashboard.operation_words import title
from dashboard.pages import failures
from dashboard.pages.operations import Line, Row
from dashboard.words import now

MAIL = QueueId("default", "bull", "mail")


def values(base: str) -> dict[str, Any]:
    """What the patterns of bulk work and of forms show."""
    refused = Permit("change_delay", allowed=False, why="A worker holds its lock.")
    return {
        "statuses": list(Status),
        "operations": [_row(base, status) for status in Status],
        "targets": [Line(target, base) for target in _TARGETS],
        "units": tuple(UNITS),
        "failures": [_failure(base)],
        "permits": (
            (Permit("change_delay", allowed=True), None),
            (refused, None),
            (refused, Permit("change_delay_by_force", allowed=True)),
        ),
        "refusal": Conflict("The data have changed since you began to edit.", "Below is what yours would change."),
        "lines": differences('{\n  "to": "ada",\n  "n": 1\n}', '{\n  "to": "eve",\n  "n": 1\n}'),
    }


def _failure(base: str) -> failures.Row:
    book = Book()
    how = fingerprint("send", "ECONNRESET 10.0.0.4:443", "Error: ECONNRESET\n    at send (/app/src/mail.ts:88:13)")
    for number in range(9):
        book.learn(str(number).encode(), now() - number * 60_000, how)
    (group,) = grouped({MAIL: book}, now())
    return failures.Row(group, base, tuple(failures.Cell(number) for number in (0, 2, 5, 9, 9)), failures.Cell(9))


_TARGETS = (
    Target(MAIL, State.FAILED, 1_204, exact=True, done=600, skipped=3),
    Target(MAIL, State.COMPLETED, 0, exact=True, refusal="This queue is one of BullMQ Pro: Tickbird only reads it."),
)


def _row(base: str, status: Status) -> Row:
    request = Request(Action.RETRY, (MAIL,), State.FAILED, reason="the mail server was down", by="ada")
    at = now() - 60_000
    operation = Operation(
        "1", request, status, _TARGETS, at, at, None, done=600, skipped={"locked": 3}, rate=812.0, slices=6
    )
    return Row(operation, title(request), base, read_only=False)
