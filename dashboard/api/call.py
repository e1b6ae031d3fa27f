"""One thing that the API can be asked: what its route and its part of the OpenAPI document are made from."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.responses import Response

from core.permission import Permission
from dashboard.api.asked import Asked
from dashboard.api.parameters import Parameter
from dashboard.api.shapes import Json
from dashboard.budgets import Cost

Answer = Callable[[Asked], Awaitable[Json | Response]]
# What any call may be refused with, and what only those that go to Redis or change something may.
ALWAYS = ("invalid", "unauthorized", "forbidden", "too_large", "rate_limited", "internal")
READING = ("not_found", "unavailable")
ACTING = ("not_found", "conflict", "unsupported", "unavailable")
HOLDING = ("not_found", "conflict", "unavailable")


@dataclass(frozen=True, slots=True)
class Call:
    """One method on one path. `shape` names the schema of its answer, `needs` what one must be allowed to ask it,
    `refusals` the codes it may be refused with, `body` the schema of what it reads, empty where it reads nothing.
    `streams`: the answer is a line of that shape for each of any number of things. `costs`: whose budget it is taken
    from."""

    method: str
    path: str
    answer: Answer
    shape: str
    summary: str
    needs: Permission
    parameters: tuple[Parameter, ...] = ()
    refusals: tuple[str, ...] = READING
    body: str = ""
    streams: bool = False
    costs: Cost = Cost.READ

    @property
    def acts(self) -> bool:
        """Whether it changes something in Redis."""
        return self.method != "GET"

    @property
    def refused_with(self) -> tuple[str, ...]:
        """Every code that may be the answer instead."""
        return (*ALWAYS, *self.refusals)
