"""Dead letters as applications write them: each shape by a name, with the job name and the data it has."""

from __future__ import annotations

from typing import Any

FAILED_AT = 1_763_000_000_000
SHAPES: dict[str, tuple[str, dict[str, Any]]] = {
    "data alone": ("failed-send", {"originalJob": {"to": "ada"}, "error": "boom", "attempts": 3}),
    "a whole job": (
        "gave-up",
        {
            "originalJob": {"id": "7", "name": "send", "data": {"to": "ada"}, "opts": {"attempts": 4}},
            "error": "boom",
            "attempts": 3,
        },
    ),
    "under its own name": ("failed-send", {"originalJob": {"to": "ada"}, "error": "boom", "failedAt": FAILED_AT}),
    "with its queue": (
        "gave-up",
        {
            "originalQueue": "mail",
            "jobName": "send",
            "jobData": {"to": "ada"},
            "error": "boom",
            "failedAt": "2025-11-13T02:13:20.000Z",
        },
    ),
    "with an error of parts": (
        "send",
        {
            "originalQueue": "mail",
            "originalJobId": "7",
            "data": {"to": "ada"},
            "error": {"message": "boom", "stack": "Error: boom\n    at x.js:1"},
            "failedAt": FAILED_AT,
            "attempts": 3,
        },
    ),
}
