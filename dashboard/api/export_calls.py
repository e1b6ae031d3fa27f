"""Jobs as a file."""

from __future__ import annotations

from starlette.responses import Response

from core.export.formats import Format
from core.export.front import MOST_JOBS, Wanted
from core.model import State
from core.permission import Permission
from core.query.parser import parse
from dashboard.api.asked import Asked
from dashboard.api.call import Call
from dashboard.api.parameters import Parameter
from dashboard.api.queries import ORDER, STATE, Q
from dashboard.budgets import Cost
from dashboard.exporting import download
from dashboard.urls import QUEUE

FORMAT = Parameter(
    "format",
    "A JSON object a line, or a table in which no cell is a formula.",
    {"type": "string", "enum": list(map(str, Format)), "default": "ndjson"},
)
MOST = Parameter(
    "limit", "The most jobs.", {"type": "integer", "minimum": 1, "maximum": MOST_JOBS, "default": MOST_JOBS}
)
BOM = Parameter(
    "bom",
    "Begin the table with a byte order mark, by which old spreadsheets know it for UTF-8.",
    {"type": "boolean", "default": False},
)


async def export_jobs(asked: Asked) -> Response:
    """The jobs of a state, or those of them that fit a query."""
    said = asked.query
    query = parse(said["q"]) if said["q"] else None
    wanted = Wanted(State(said["state"]), query, said["order"], said["limit"])
    export = asked.herd.exports.begin(asked.queue, wanted)
    return download(export, Format(said["format"]), bom=said["bom"])


CALLS = (
    Call(
        "GET",
        f"{QUEUE}/export",
        export_jobs,
        "ExportedJob",
        "The jobs of a state as a file, a line for each; the last one says whether these are all",
        Permission.EXPORT,
        (STATE, Q, ORDER, FORMAT, MOST, BOM),
        streams=True,
        costs=Cost.HEAVY,
    ),
)
