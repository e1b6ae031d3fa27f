"""What the API can be asked of bulk work."""

from __future__ import annotations

from core.permission import Permission
from dashboard.api import operations
from dashboard.api.call import ACTING, HOLDING, Call
from dashboard.api.operation_schemas import LONGEST_REASON
from dashboard.api.parameters import Parameter
from dashboard.budgets import Cost
from dashboard.urls import OPERATION

REASON = Parameter("reason", "Why, for the record.", {"type": "string", "maxLength": LONGEST_REASON})
SHEET = Parameter(
    "sheet",
    "Which part of the list: 0, then `next` of the one before.",
    {"type": "integer", "minimum": 0, "maximum": 100_000, "default": 0},
)


CALLS = (
    Call(
        "GET",
        "/operations",
        operations.operations,
        "Operations",
        "Bulk work: under way, previewed and done",
        Permission.VIEW,
        refusals=(),
    ),
    Call(
        "POST",
        "/operations",
        operations.start_operation,
        "Operation",
        "Act on many jobs or queues at once, or preview that",
        Permission.VIEW,
        refusals=ACTING,
        body="OperationRequest",
        costs=Cost.HEAVY,
    ),
    Call("GET", OPERATION, operations.operation, "Operation", "How an operation stands", Permission.VIEW),
    Call(
        "GET",
        f"{OPERATION}/skipped",
        operations.skipped,
        "OperationSkips",
        "What it left alone, one by one",
        Permission.VIEW,
        (SHEET,),
        costs=Cost.HEAVY,
    ),
    Call(
        "POST",
        f"{OPERATION}/pause",
        operations.pause_operation,
        "Operation",
        "Hold it",
        Permission.VIEW,
        refusals=HOLDING,
        body="OperationHeld",
    ),
    Call(
        "POST",
        f"{OPERATION}/resume",
        operations.resume_operation,
        "Operation",
        "Go on, or begin",
        Permission.VIEW,
        refusals=HOLDING,
        body="OperationTold",
    ),
    Call(
        "DELETE",
        OPERATION,
        operations.cancel_operation,
        "Operation",
        "Cancel it",
        Permission.VIEW,
        (REASON,),
        refusals=HOLDING,
    ),
)
