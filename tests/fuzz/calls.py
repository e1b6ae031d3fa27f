"""Calls of the API, made up by schemathesis from the OpenAPI document and sent to places that are there; each answer is
held against the document."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import redis as redis_py
import schemathesis
from hypothesis import strategies as st
from schemathesis.engine import events, from_schema
from schemathesis.hooks import unregister

from core.model import Dialect
from dashboard.urls import queue_href
from tests.fuzz.account import Account, is_slow
from tests.fuzz.company import lay, queue_id
from tests.fuzz.known import Known
from tests.fuzz.served import BASE, Served

PHASES = ("examples", "coverage", "fuzzing", "stateful")
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
    "allow_header_conformance",
)
# Whether something fits a queue, or is too large, is said by statuses of their own.
ACCEPTED = ("2xx", "401", "403", "404", "409", "422", "429")
REJECTED = ("400", "401", "403", "404", "405", "409", "413", "415", "422", "429")
# Texts with a grammar of their own, which JSON Schema does not know: they may be refused though they are texts.
SPOKEN = frozenset(("q", "cursor", "since", "after", "field", "by", "kinds", "state"))
# Calls whose fields depend on each other or on the queue's library, beyond what JSON Schema says of them.
MEANT = frozenset(
    ("start_operation", "make_scheduler", "change_scheduler", "preview_schedule", "move", "change_job", "send_back")
)
# Bytes that are no text stand in answers as lone surrogates, which schemathesis cannot take.
HALF = re.compile(rb"\\ud[89a-f][0-9a-f]{2}")
# Of a request whose head is too large nothing is read, so what is behind the server never saw it.
TOO_LONG = b"The head of this request is too large"


@dataclass(frozen=True)
class Plan:
    """`seconds` 0: until each operation was asked `examples` times in each phase."""

    seed: int = 1
    seconds: int = 0
    examples: int = 50
    phases: tuple[str, ...] = PHASES
    deterministic: bool = False
    # What fits the document may not fit what is there at that moment: a run that must not fail by chance does not ask.
    strict: bool = True

    @property
    def config(self) -> Any:
        checks: dict[str, Any] = {name: {"enabled": True} for name in CHECKS}
        checks["positive_data_acceptance"] = {"enabled": self.strict, "expected-statuses": list(ACCEPTED)}
        checks["negative_data_rejection"] = {"enabled": True, "expected-statuses": list(REJECTED)}
        generation = {"max-examples": self.examples, "deterministic": self.deterministic}
        return schemathesis.Config.from_dict(
            {
                "seed": self.seed,
                **({"max-time": self.seconds} if self.seconds else {}),
                "continue-on-failure": True,
                "headers": {"Sec-Fetch-Site": "same-origin"},
                "request-timeout": 60,
                "checks": {"enabled": False, **checks},
                "phases": {name: {"enabled": name in self.phases} for name in PHASES},
                "generation": {**generation, "database": "none", "no-shrink": True},
                "suppress-health-check": ["all"],
            }
        )


def fuzz(served: Served, plan: Plan) -> Account:
    """Ask, and tell what came of it."""
    account = Account()
    with redis_py.Redis.from_url(served.server.url) as redis, _hooks(Known()):
        schema = schemathesis.openapi.from_url(f"{served.url}{BASE}/api/openapi.json", config=plan.config)
        for event in from_schema(schema).execute():
            if isinstance(event, events.ScenarioStarted):
                _restore(redis)
            elif isinstance(event, events.ScenarioFinished):
                account.add(event.recorder)
            elif isinstance(event, events.NonFatalError):
                account.errors.append(f"{event.label}: {event.value!r:.500}")
            elif isinstance(event, events.FatalError):
                account.errors.append(f"{event.exception!r:.500}")
    return account


def _restore(redis: redis_py.Redis) -> None:
    """What the calls before have removed is there again; keys that they left are left."""
    for dialect in Dialect:
        with suppress(redis_py.ResponseError):
            lay(redis, dialect)


@contextmanager
def _hooks(known: Known) -> Iterator[None]:
    """Schemathesis takes some of them for the whole process only."""

    def before_call(context: Any, case: Any, kwargs: Any) -> None:
        parts = case.meta.components.items() if case.meta else ()
        if case.path_parameters and not any(str(where) == "path" and part.mode.is_negative for where, part in parts):
            case.path_parameters = known.place(case.path_parameters)
        # A stream that is followed has no end to wait for.
        if case.path.endswith("/events") and isinstance(case.query, dict) and case.query.get("follow") in _FOLLOWS:
            case.query = {**case.query, "follow": "false"}

    def after_call(context: Any, case: Any, response: Any) -> None:
        response.content = HALF.sub(rb"\\ufffd", response.content)
        if response.status_code == 200 and "application/json" in str(response.headers.get("content-type")):
            known.learn(json.loads(response.content))

    def filter_failure(context: Any, failure: Any, case: Any, response: Any) -> bool:
        said = set(case.query or ()) | (set(case.body) if isinstance(case.body, dict) else set())
        understood = said & SPOKEN or case.operation.definition.raw.get("operationId") in MEANT
        if is_slow(response) or response.content.startswith(TOO_LONG):
            return False
        return not (type(failure).__name__ == "RejectedPositiveData" and understood)

    hooks = (before_call, after_call, filter_failure)
    schemathesis.openapi.format("uri-reference", st.sampled_from([queue_href(BASE, queue_id(d)) for d in Dialect]))
    for hook in hooks:
        schemathesis.hook(hook)
    try:
        yield
    finally:
        for hook in hooks:
            unregister(hook)


_FOLLOWS = (None, True, "true", "True")
