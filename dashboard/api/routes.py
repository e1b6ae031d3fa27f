"""The API's routes, made from the table of calls: what is common to all of them, from method to refusal, is here."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from core.access.asker import asker
from core.errors import NotFound, TickbirdError
from core.herd import Herd
from core.permission import Permission
from core.settings import Settings
from dashboard.api.asked import Asked
from dashboard.api.bodies import check_body
from dashboard.api.call import Call
from dashboard.api.calls import CALLS
from dashboard.api.openapi import document
from dashboard.api.parameters import read
from dashboard.budgets import Budgets, budgets
from dashboard.denials import note
from dashboard.refusals import MethodUnknown, problem
from dashboard.urls import RawRoute

log = logging.getLogger("tickbird.dashboard.api")


def routes(herd: Herd, settings: Settings, held: Budgets | None = None) -> list[Route]:
    """Every path of the API, to be mounted under `{base}/api`; the last one answers for all that do not exist. `held`
    are the budgets that pages are taken from too."""
    described, held = document(CALLS, settings), held or budgets(settings)
    at = Place(herd, settings.base_path, held)

    async def openapi(_: Asked) -> dict[str, Any]:
        return described

    calls = (*CALLS, Call("GET", "/openapi.json", openapi, "", "This document", Permission.VIEW, refusals=()))
    paths = dict.fromkeys(call.path for call in calls)
    api = [Endpoint(at, {c.method: c for c in calls if c.path == path}) for path in paths]
    nowhere = Endpoint(at, {})
    # Each call says what it costs.
    doors = [
        RawRoute(path, endpoint, needs=Permission.VIEW, costs=None) for path, endpoint in zip(paths, api, strict=True)
    ]
    return [*doors, RawRoute("/{rest:path}", nowhere, needs=Permission.VIEW, costs=None)]


@dataclass(frozen=True, slots=True)
class Place:
    """What all endpoints have in common."""

    herd: Herd
    base: str
    budgets: Budgets


class Endpoint:
    """One path, as an ASGI application: it answers every method, with JSON or with a problem."""

    def __init__(self, at: Place, calls: Mapping[str, Call]) -> None:
        self._herd = at.herd
        self._base = at.base
        self._budgets = at.budgets
        self._calls = calls

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        with ExitStack() as spent:
            try:
                response = await self._answer(request, spent)
            except ClientDisconnect:
                return
            if request.method == "HEAD":
                response = Response(status_code=response.status_code, headers=dict(response.headers))
            await response(scope, receive, send)

    async def _answer(self, request: Request, spent: ExitStack) -> Response:
        """The answer, of what is `spent` until it is sent."""
        try:
            call = self._calls.get("GET" if request.method == "HEAD" else request.method)
            if call is None:
                return self._refused_method(request)
            spent.enter_context(self._budgets.spend(call.costs))
            asker().check(call.needs)
            return await self._asked(call, request)
        except TickbirdError as error:
            note(error)
            return problem(error)
        except ClientDisconnect:
            raise
        except Exception:  # the boundary: what nobody expected is told to the log, not to the client
            log.exception("%s failed", call and call.summary)
            return problem(TickbirdError("Tickbird ran into a fault of its own.", "Its log says more."))

    async def _asked(self, call: Call, request: Request) -> Response:
        asked = Asked(self._herd, self._base, request, read(call.parameters, request.query_params))
        if call.acts and not call.body:
            await check_body(request)
        elif not call.acts:
            self._herd.glance()
        answer = await call.answer(asked)
        return answer if isinstance(answer, Response) else _json(answer)

    def _refused_method(self, request: Request) -> Response:
        if not self._calls:
            raise NotFound("The API has nothing here.", f"{self._base}/api/openapi.json lists what it has.")
        allowed = ", ".join(sorted({*self._calls, *({"HEAD"} if "GET" in self._calls else ())}))
        error = MethodUnknown(f"{request.method} is not done here.", f"What is: {allowed}.")
        return problem(error, headers={"allow": allowed})


def _json(value: Mapping[str, Any]) -> Response:
    # ASCII only: a job's name may hold bytes that are no text, which UTF-8 could not carry but \\udcXX can.
    body = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return Response(body, media_type="application/json")
