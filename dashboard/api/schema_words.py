"""The few JSON Schema words from which all schemas of the API are made."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
FLAG: Schema = {"type": "boolean"}
WHOLE: Schema = {"type": "integer"}
NUMBER: Schema = {"type": "number"}
COUNT: Schema = {"type": "integer", "minimum": 0}
ANYTHING: Schema = {}
INSTANT: Schema = {"type": "integer", "description": "Milliseconds since the epoch."}
SPAN: Schema = {"type": "number", "minimum": 0, "description": "Milliseconds."}
HREF: Schema = {"type": "string", "format": "uri-reference"}


def object_(about: str, /, **properties: Schema) -> Schema:
    """An object that always has all of these."""
    return {"type": "object", "description": about, "required": list(properties), "properties": properties}


def maybe(schema: Schema) -> Schema:
    """This, or null where it is not known."""
    if "type" in schema and "enum" not in schema:
        return {**schema, "type": [schema["type"], "null"]}
    return {"anyOf": [schema, {"type": "null"}]}


def one_of(values: Any) -> Schema:
    return {"type": "string", "enum": [str(value) for value in values]}


def list_of(schema: Schema) -> Schema:
    return {"type": "array", "items": schema}


def map_of(schema: Schema) -> Schema:
    return {"type": "object", "additionalProperties": schema}


def ref(name: str) -> Schema:
    """A reference to one of `SCHEMAS`."""
    return {"$ref": f"#/components/schemas/{name}"}


def with_(base: Schema, about: str, /, **properties: Schema) -> Schema:
    """Everything of another object, and these."""
    return object_(about, **{**base["properties"], **properties})
