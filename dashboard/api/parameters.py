"""Query parameters as data: the same schema reads what was sent and describes it in the OpenAPI document."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import QueryParams

from core.errors import Invalid

_WHOLE = re.compile(r"-?[0-9]{1,15}")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One query parameter. `schema` is JSON Schema: an integer with its range, true or false, an enum, or text
    with its length."""

    name: str
    about: str
    schema: Mapping[str, Any]
    required: bool = False

    def read(self, sent: str) -> Any:
        """The value in the text that was sent; Invalid where it is none."""
        if self.schema["type"] == "integer":
            return self._whole(sent)
        if self.schema["type"] == "boolean":
            return self._flag(sent)
        if "enum" in self.schema and sent not in self.schema["enum"]:
            raise Invalid(f"{self.name} cannot be {sent!r}.", f"It is one of {', '.join(self.schema['enum'])}.")
        least, most = self.schema.get("minLength", 0), self.schema.get("maxLength", len(sent))
        if not least <= len(sent) <= most:
            raise Invalid(f"{self.name} has {least} to {most} characters, not {len(sent)}.")
        return sent

    def _flag(self, sent: str) -> bool:
        if sent not in ("true", "false"):
            raise Invalid(f"{self.name} cannot be {sent!r}.", "It is true or false.")
        return sent == "true"

    def _whole(self, sent: str) -> int:
        least, most = self.schema["minimum"], self.schema["maximum"]
        if not _WHOLE.fullmatch(sent) or not least <= int(sent) <= most:
            raise Invalid(f"{self.name} cannot be {sent!r}.", f"It is a whole number from {least} to {most}.")
        return int(sent)


def read(parameters: Sequence[Parameter], sent: QueryParams) -> dict[str, Any]:
    """Every parameter's value or default; Invalid for one that is unknown, doubled, missing or senseless."""
    known = {parameter.name: parameter for parameter in parameters}
    for name, _ in sent.multi_items():
        if name not in known:
            raise Invalid(f"There is no parameter {name!r} here.", _nearest(name, list(known)))
        if len(sent.getlist(name)) > 1:
            raise Invalid(f"{name} is given twice.", "Say it once.")
    return {name: _value(parameter, sent.get(name)) for name, parameter in known.items()}


def _value(parameter: Parameter, sent: str | None) -> Any:
    if sent is not None:
        return parameter.read(sent)
    if parameter.required:
        choices = parameter.schema.get("enum", ())
        raise Invalid(f"{parameter.name} is missing.", f"It is one of {', '.join(choices)}." if choices else "")
    return parameter.schema.get("default")


def _nearest(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name[:100], known, n=1, cutoff=0.0)
    return f"Did you mean {near[0]!r}?" if near else "It takes none."
