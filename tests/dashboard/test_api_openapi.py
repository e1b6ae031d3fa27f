from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from core.settings import Settings
from dashboard.api.call import Call
from dashboard.api.calls import CALLS
from dashboard.api.openapi import document as described
from dashboard.api.routes import routes
from dashboard.api.schemas import SCHEMAS
from tests.dashboard.called import address, body, query
from tests.dashboard.described import check
from tests.dashboard.fixed_herd import small_company
from tests.dashboard.served import BASE, client, dashboard

WITH_A_LOGIN = Settings(user="ada", password_hash="scrypt$x")


@pytest.fixture
def document() -> Any:
    return client(dashboard(small_company())).get(f"{BASE}/api/openapi.json").json()


def test_the_document_is_served_and_names_its_version(document: Any) -> None:
    assert document["openapi"].startswith("3.1")
    assert document["servers"] == [{"url": f"{BASE}/api"}]


def test_every_route_is_described_and_everything_described_is_a_route(document: Any) -> None:
    promised = {(method.upper(), path) for path, item in document["paths"].items() for method in _methods(item)}
    served = {route.path for route in routes(small_company(), Settings())} - {"/openapi.json", "/{rest:path}"}

    assert promised == {(call.method, call.path) for call in CALLS}
    assert served == {path for _, path in promised}


def _methods(item: Any) -> list[str]:
    return [key for key in item if key != "parameters"]


def test_every_operation_has_its_own_id_and_its_path_parameters(document: Any) -> None:
    ids = [item[method]["operationId"] for item in document["paths"].values() for method in _methods(item)]

    assert len(ids) == len(set(ids)) == len(CALLS)
    for path, item in document["paths"].items():
        assert [p["name"] for p in item.get("parameters", [])] == [
            part[1:-1] for part in path.split("/") if "{" in part
        ]


def test_every_reference_leads_somewhere(document: Any) -> None:
    def references(value: Any) -> list[str]:
        if isinstance(value, dict):
            own = [value["$ref"]] if "$ref" in value else []
            return own + [r for inner in value.values() for r in references(inner)]
        return [r for inner in value for r in references(inner)] if isinstance(value, list) else []

    for reference in references(document):
        place = document
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_schema_is_valid_json_schema(name: str) -> None:
    Draft202012Validator.check_schema(SCHEMAS[name])


def test_a_login_is_described_only_where_there_is_one(document: Any) -> None:
    assert document["security"] == []
    assert described(CALLS, WITH_A_LOGIN)["security"] == [{"basic": []}]


OURS = {"Sec-Fetch-Site": "same-origin"}


@pytest.mark.parametrize("call", CALLS, ids=lambda call: f"{call.method} {call.path}")
def test_every_call_answers_with_the_shape_it_promises(call: Call) -> None:
    http = client(dashboard(small_company()))
    answer = http.request(call.method, address(call), params=query(call), json=body(call), headers=OURS)

    assert answer.status_code == 200, answer.text
    check(call.shape, json.loads(answer.text.splitlines()[0]) if call.streams else answer.json())


@pytest.mark.parametrize("call", [call for call in CALLS if call.body], ids=lambda call: call.body)
def test_every_body_that_is_understood_is_described(call: Call) -> None:
    schema = {**SCHEMAS[call.body], "components": {"schemas": dict(SCHEMAS)}}
    Draft202012Validator(schema).validate(body(call))


@pytest.mark.parametrize("call", [call for call in CALLS if call.body], ids=lambda call: call.body)
def test_a_field_that_is_not_described_is_refused_by_name(call: Call) -> None:
    http = client(dashboard(small_company()))
    sent = {**body(call), "frobnicate": 1}
    answer = http.request(call.method, address(call), json=sent, headers=OURS)

    check("Problem", answer.json())
    assert answer.status_code == 400
    assert "no field 'frobnicate'" in answer.json()["detail"]
