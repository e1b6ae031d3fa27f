"""How an export is written: a JSON object a line, or a table that a spreadsheet opens and runs nothing of."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from enum import StrEnum
from typing import Any

from core.export.fields import NAMES, Exported

BOM = b"\xef\xbb\xbf"
# What a spreadsheet takes for the beginning of a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")


class Format(StrEnum):
    """The kinds of files."""

    NDJSON = "ndjson"
    CSV = "csv"

    @property
    def media(self) -> str:
        return "text/csv; charset=utf-8" if self is Format.CSV else "application/x-ndjson"


def heading(format: Format, *, bom: bool = False) -> bytes:
    """What stands before the first job. With `bom`, old spreadsheets know a table for UTF-8."""
    if format is Format.NDJSON:
        return b""
    return (BOM if bom else b"") + _row(NAMES)


def written(format: Format, jobs: Iterable[Exported]) -> bytes:
    """These jobs, a line for each."""
    if format is Format.CSV:
        return b"".join(_row([_plain(job.fields.get(name, "")) for name in NAMES]) for job in jobs)
    return b"".join(_object(job.fields.items()) for job in jobs)


def ending(format: Format, summary: dict[str, Any], sentence: str) -> bytes:
    """The last line: how many there are, and whether these are all."""
    if format is Format.CSV:
        return _row([f"# {sentence}"])
    return _object([("export", json.dumps({**summary, "note": sentence}))])


def _object(fields: Iterable[tuple[str, str]]) -> bytes:
    return ("{" + ",".join(f"{json.dumps(name)}:{value}" for name, value in fields) + "}\n").encode("utf-8", "replace")


def _plain(value: str) -> str:
    """A JSON text as a cell: texts without their quotes."""
    return json.loads(value) if value.startswith('"') else value


def _row(cells: Iterable[str]) -> bytes:
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow([_defused(cell) for cell in cells])
    return line.getvalue().encode("utf-8", "replace")


def _defused(cell: str) -> str:
    # A NUL would end the cell for some readers.
    cell = cell.replace("\0", "\u2400")
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
