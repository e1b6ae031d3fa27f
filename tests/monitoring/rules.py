"""The rules as they lie in monitoring/rules, and which metrics an expression uses."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from exporter.catalogue import FAMILIES

ROOT = Path(__file__).resolve().parents[2]
RULES = ROOT / "monitoring" / "rules"
FILES = sorted(RULES.glob("*.yml"))
UNIT_TESTS = sorted((RULES / "tests").glob("*.yml"))

Rule = dict[str, Any]

_NAME = re.compile(r"\b(?:queue:)?bullmq_\w+(?::\w+)?")
_SUFFIX = re.compile(r"_(bucket|sum|count)$")


def rules() -> list[Rule]:
    """Every rule of every file."""
    return [rule for file in FILES for group in yaml.safe_load(file.read_text())["groups"] for rule in group["rules"]]


def alerts() -> list[Rule]:
    return [rule for rule in rules() if "alert" in rule]


def recorded() -> set[str]:
    """The names of the series that the recording rules make."""
    return {rule["record"] for rule in rules() if "record" in rule}


def metrics(expressions: Iterable[str]) -> set[str]:
    """The names of our metrics that these expressions use."""
    return {name for expression in expressions for name in _NAME.findall(expression)}


def unknown(names: set[str]) -> set[str]:
    """Those that the exporter's catalogue does not have."""
    known = {family.name for family in FAMILIES}
    return {name for name in names if name not in known and _SUFFIX.sub("", name) not in known}
