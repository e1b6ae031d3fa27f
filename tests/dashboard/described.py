"""Holds an answer of the API against the schema that its OpenAPI document promises, in both directions."""

from __future__ import annotations

from typing import Any

from jsonschema import Draft202012Validator

from dashboard.api.schemas import SCHEMAS


def _closed(schema: Any) -> Any:
    """The same, but what it does not mention is not allowed: so nothing is answered that is not described."""
    if isinstance(schema, list):
        return [_closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {key: _closed(value) for key, value in schema.items()}
    return {"additionalProperties": False, **inner} if "properties" in schema and "required" in schema else inner


_DOCUMENT = {"components": {"schemas": _closed(dict(SCHEMAS))}}


def check(shape: str, answer: Any) -> None:
    """Fail unless the answer has exactly the described keys, with values of the described types."""
    wanted = {"$ref": f"#/components/schemas/{shape}", **_DOCUMENT}
    errors = [f"{error.json_path}: {error.message[:300]}" for error in Draft202012Validator(wanted).iter_errors(answer)]

    assert not errors, "\n".join(errors)
