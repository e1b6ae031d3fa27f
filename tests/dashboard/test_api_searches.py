"""Searches and samples as programs ask for them."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from dashboard.urls import queue_href
from tests.dashboard.browsing import BASE, browser
from tests.dashboard.fixed_herd import MAIL, VIDEO, FixedHerd, small_company
from tests.dashboard.fixed_samples import FixedSamples
from tests.dashboard.fixed_searches import FULL, LIVE

SEARCHES = f"{BASE}/api/searches"


def api(herd: FixedHerd | None = None) -> TestClient:
    return browser(herd or small_company())


def begun(client: TestClient, **wanted: Any) -> dict[str, Any]:
    answer = client.post(SEARCHES, json=wanted)
    assert answer.status_code == 200, answer.text
    seen: dict[str, Any] = answer.json()
    return seen


def test_a_search_is_begun_and_what_it_found_is_asked_for_piece_by_piece() -> None:
    client = api()
    seen = begun(client, q="name:send")
    assert (seen["status"], seen["found"], seen["looked_at"], seen["total"]) == ("done", 7, 7, 7)
    piece = client.get(seen["href"], params={"after": 2, "limit": 3}).json()
    assert [job["id"] for job in piece["jobs"]] == ["3", "4", "5"]
    assert piece["next"] == 5
    last = client.get(seen["href"], params={"after": 5}).json()
    assert [job["queue"]["name"] for job in last["jobs"]] == ["mail", "video"]
    assert last["next"] is None


@pytest.mark.parametrize(
    ("wanted", "found"),
    [({"queues": [queue_href(BASE, VIDEO)]}, 1), ({"states": ["failed", "delayed"]}, 2), ({"queues": []}, 0)],
)
def test_queues_and_states_narrow_it(wanted: dict[str, Any], found: int) -> None:
    assert begun(api(), q="name:send", **wanted)["found"] == found


@pytest.mark.parametrize(
    ("wanted", "status"),
    [
        ({"q": "(a"}, 400),
        ({}, 400),
        ({"q": ""}, 400),
        ({"q": "a", "states": ["nope"]}, 400),
        ({"q": "a", "states": "failed"}, 400),
        ({"q": "a", "queues": "some"}, 400),
        ({"q": "a", "queues": [f"{BASE}/api/queues/default/bull/gone"]}, 404),
        ({"q": "a", "more": 1}, 400),
    ],
)
def test_what_cannot_be_searched_for_is_refused(wanted: dict[str, Any], status: int) -> None:
    assert api().post(SEARCHES, json=wanted).status_code == status


def test_it_is_held_gone_on_with_and_cancelled() -> None:
    client = api()
    assert client.post(f"{SEARCHES}/{LIVE}/pause").json()["status"] == "paused"
    assert client.post(f"{SEARCHES}/{LIVE}/resume").json()["status"] == "running"
    assert client.delete(f"{SEARCHES}/{LIVE}").json()["status"] == "cancelled"
    assert client.post(f"{SEARCHES}/{LIVE}/resume").status_code == 409
    assert client.post(f"{SEARCHES}/{FULL}/older").json()["id"] == f"{FULL}-older"
    assert client.get(f"{SEARCHES}/gone").status_code == 404


def test_a_sample_says_what_is_there_how_sure_it_is_and_what_to_search_for() -> None:
    herd = small_company()
    assert isinstance(herd.samples, FixedSamples)
    herd.samples.more = 998
    seen = api(herd).get(f"{queue_href(BASE, MAIL)}/samples", params={"state": "completed"}).json()
    assert (seen["total"], seen["taken"], seen["exact"], seen["by"]) == (1000, 2, False, "name")
    (part,) = seen["parts"]
    assert (part["value"], part["about"], part["high"], part["q"]) == ("send", 1000, 1000, 'name:"send"')
    assert 0 < part["low"] < 1000
    assert "2 of 1,000 jobs" in seen["method"]


@pytest.mark.parametrize(
    "params", [{"state": "nope"}, {"state": "failed", "by": "nope"}, {"state": "failed", "size": 0}]
)
def test_what_cannot_be_sampled_is_refused(params: dict[str, Any]) -> None:
    assert api().get(f"{queue_href(BASE, MAIL)}/samples", params=params).status_code == 400
