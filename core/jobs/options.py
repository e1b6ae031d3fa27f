"""A job's options under the names that people gave them: BullMQ keeps some under short ones (redis-layout.md 3)."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from core.job import Payload

_LONG = {
    "de": "deduplication",
    "kl": "keepLogs",
    "fpof": "failParentOnFailure",
    "rdof": "removeDependencyOnFailure",
    "idof": "ignoreDependencyOnFailure",
    "cpof": "continueParentOnFailure",
}
_TELEMETRY = {"tm": "metadata", "omc": "omitContext"}


def spelled_out(opts: Payload) -> Payload:
    """The options with their long names; as they are where there is no short one, or they were cut."""
    if not isinstance(opts.value, dict) or not opts.value.keys() & {*_LONG, *_TELEMETRY}:
        return opts
    value = with_long_names(opts.value)
    return replace(opts, value=value, text=json.dumps(value, ensure_ascii=False))


def with_long_names(options: dict[str, Any]) -> dict[str, Any]:
    """The same options under their long names."""
    value = {_LONG.get(name, name): content for name, content in options.items() if name not in _TELEMETRY}
    return value | _telemetry(options)


def _telemetry(value: dict[str, Any]) -> dict[str, Any]:
    told = {long: value[short] for short, long in _TELEMETRY.items() if short in value}
    known = value.get("telemetry")
    return {"telemetry": {**(known if isinstance(known, dict) else {}), **told}} if told else {}
