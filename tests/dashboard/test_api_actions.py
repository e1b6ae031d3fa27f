from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from core.settings import Settings
from dashboard.urls import job_href, queue_href
from tests.dashboard.described import check
from tests.dashboard.fixed_herd import MAIL, VIDEO, FixedHerd, small_company
from tests.dashboard.served import BASE, client, dashboard

OURS = {"Origin": "http://localhost"}


def site(herd: FixedHerd) -> TestClient:
    http = client(dashboard(herd))
    http.headers.update(OURS)
    return http


def state(http: TestClient, id: str) -> str:
    return str(http.get(job_href(BASE, MAIL, id)).json()["state"])


def test_a_failed_job_is_retried_and_the_answer_says_so_and_where() -> None:
    http = site(small_company())
    answer = http.post(job_href(BASE, MAIL, "3") + "/retry")

    check("Outcome", answer.json())
    assert answer.status_code == 200
    assert (answer.json()["verb"], answer.json()["id"], answer.json()["changed"]) == ("retry", "3", True)
    assert answer.json()["href"] == job_href(BASE, MAIL, "3")
    assert state(http, "3") == "waiting"


def test_a_delayed_job_is_promoted() -> None:
    http = site(small_company())

    check("Outcome", http.post(job_href(BASE, MAIL, "4") + "/promote").json())
    assert state(http, "4") == "waiting"


def test_a_removed_job_is_gone_and_cannot_be_removed_again() -> None:
    http = site(small_company())

    check("Outcome", http.delete(job_href(BASE, VIDEO, "v/1 ~%é")).json())
    assert http.get(job_href(BASE, VIDEO, "v/1 ~%é")).status_code == 404
    assert http.delete(job_href(BASE, VIDEO, "v/1 ~%é")).json()["code"] == "not_found"


def test_a_queue_is_paused_and_resumed_and_doing_it_twice_says_that_nothing_changed() -> None:
    http = site(small_company())
    first, second = (http.post(queue_href(BASE, MAIL) + "/pause").json() for _ in range(2))

    check("Outcome", first)
    assert (first["changed"], second["changed"]) == (True, False)
    assert (first["id"], first["href"]) == (None, queue_href(BASE, MAIL))
    assert http.get(queue_href(BASE, MAIL)).json()["paused"] is True
    http.post(queue_href(BASE, MAIL) + "/resume")
    assert http.get(queue_href(BASE, MAIL)).json()["paused"] is False


def test_an_action_that_the_state_does_not_allow_is_a_conflict() -> None:
    answer = site(small_company()).post(job_href(BASE, MAIL, "2") + "/retry")

    check("Problem", answer.json())
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")


def test_a_read_only_tickbird_refuses_every_action() -> None:
    http = site(small_company(settings=Settings(read_only=True)))
    job, queue = job_href(BASE, MAIL, "3"), queue_href(BASE, MAIL)
    for path in (f"{job}/retry", f"{job}/promote", f"{queue}/pause", f"{queue}/resume"):
        assert http.post(path).json()["code"] == "forbidden"
    assert http.delete(job).status_code == 403
    assert state(http, "3") == "failed"


def test_nothing_changes_by_reading() -> None:
    herd = small_company()
    http = site(herd)
    job, queue = job_href(BASE, MAIL, "3"), queue_href(BASE, MAIL)
    before = (herd.version, herd.contents, herd.queues)
    for path in (f"{job}/retry", f"{job}/promote", f"{queue}/pause", f"{queue}/resume"):
        for method in ("GET", "HEAD"):
            assert http.request(method, path).status_code == 405
    http.get(job)

    assert (herd.version, herd.contents, herd.queues) == before


@pytest.mark.parametrize("body", [b"", b"{}", b" {} "])
def test_an_action_takes_an_empty_body_or_an_empty_object(body: bytes) -> None:
    answer = site(small_company()).post(
        queue_href(BASE, MAIL) + "/pause", content=body, headers={"Content-Type": "application/json; charset=utf-8"}
    )

    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("kind", "body", "status", "words"),
    [
        ("application/x-www-form-urlencoded", b"a=1", 415, "'application/x-www-form-urlencoded'"),
        ("multipart/form-data; boundary=x", b"--x--", 415, "'multipart/form-data'"),
        ("", b"{}", 415, "'unknown'"),
        ("application/json", b"{", 400, "not JSON"),
        ("application/json", b"\xff", 400, "not JSON"),
        ("application/json", b"[" * 9000, 400, "not JSON"),
        ("application/json", b"[]", 400, "not a JSON object"),
        ("application/json", b'{"force":true}', 400, "no field 'force'"),
        ("application/json", b" " * 16385, 413, "longer than 16,384 bytes"),
    ],
)
def test_a_body_that_is_not_understood_is_refused_and_nothing_happens(
    kind: str, body: bytes, status: int, words: str
) -> None:
    herd = small_company()
    answer = site(herd).post(queue_href(BASE, MAIL) + "/pause", content=body, headers={"Content-Type": kind})

    check("Problem", answer.json())
    assert answer.status_code == status
    assert words in answer.json()["detail"]
    assert not herd.queue(MAIL).paused
