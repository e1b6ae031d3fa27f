"""What stands on a dashboard, as plain values. Knows nothing of how Grafana writes it down."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """How a panel shows its numbers."""

    LINES = "lines"
    STACK = "stack"
    NUMBER = "number"
    HEATMAP = "heatmap"
    TABLE = "table"


class Leads(StrEnum):
    """The page of ours that a series' link opens."""

    NOWHERE = ""
    HOME = "home"
    QUEUE = "queue"


@dataclass(frozen=True, slots=True)
class Query:
    """A PromQL expression, and what each of its series is called (Grafana's `{{label}}`).

    In a table it is a column, left out where it has no name, in a unit of its own where it has one.
    """

    expr: str
    legend: str = ""
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel. `unit` is Grafana's word for it, `width` of 24, and `red` the value from which it is shown in red."""

    title: str
    about: str
    unit: str
    queries: tuple[Query, ...]
    kind: Kind = Kind.LINES
    width: int = 8
    red: float | None = None
    leads: Leads = Leads.QUEUE


@dataclass(frozen=True, slots=True)
class Row:
    """A heading, and the panels below it."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True)
class Dashboard:
    """One dashboard: `uid` is its file and its address, `variables` the labels that a reader chooses by."""

    uid: str
    title: str
    about: str
    variables: tuple[str, ...]
    rows: tuple[Row, ...]
