from __future__ import annotations

import logging

import pytest

from core.errors import Conflict, Forbidden, Invalid, NotFound, RateLimited, TickbirdError, Unavailable, Unsupported
from core.model import QueueId
from core.snapshot import Snapshot
from dashboard.refusals import STATUSES, TITLES, TooLarge, Unauthorized, status_of
from dashboard.urls import job_href, queue_href
from tests.dashboard.described import check
from tests.dashboard.fixed_herd import MAIL, FixedHerd, small_company
from tests.dashboard.served import BASE, client, dashboard

API = f"{BASE}/api"


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Invalid("x"), 400),
        (Unauthorized("x"), 401),
        (Forbidden("x"), 403),
        (NotFound("x"), 404),
        (Conflict("x"), 409),
        (TooLarge("x"), 413),
        (Unsupported("x"), 422),
        (RateLimited("x"), 429),
        (TickbirdError("x"), 500),
        (Unavailable("x"), 503),
    ],
)
def test_each_code_has_one_status(error: TickbirdError, status: int) -> None:
    assert status_of(error) == status
    assert set(STATUSES) == set(TITLES)


@pytest.mark.parametrize(
    ("path", "status", "code", "words"),
    [
        ("/quues", 404, "not_found", "nothing here"),
        ("/", 404, "not_found", "nothing here"),
        ("/queues/default", 404, "not_found", "nothing here"),
        ("/queues/default/bull/mail/", 404, "not_found", "nothing here"),
        ("/queues/default/bull/mail/jobs/1/retry/again", 404, "not_found", "nothing here"),
        ("/queues/default/bull/nowhere", 404, "not_found", "no queue 'nowhere'"),
        ("/queues/elsewhere/bull/mail", 404, "not_found", "no queue"),
        ("/queues/default/bull/mail/jobs/none", 404, "not_found", "no job 'none'"),
        ("/queues/default/bull/mail~2", 400, "invalid", "'~2' means nothing"),
        ("/queues/default/bull/mail/jobs/a~", 400, "invalid", "means nothing"),
        ("/queues?name=mail", 400, "invalid", "no parameter 'name'"),
    ],
)
def test_what_is_not_there_is_refused_in_one_form(path: str, status: int, code: str, words: str) -> None:
    answer = client(dashboard(small_company())).get(API + path)

    check("Problem", answer.json())
    assert (answer.status_code, answer.json()["code"], answer.json()["status"]) == (status, code, status)
    assert answer.headers["content-type"] == "application/problem+json"
    assert words in answer.json()["detail"]


@pytest.mark.parametrize("method", ["PUT", "OPTIONS", "TRACE", "BREW"])
def test_a_method_that_a_path_does_not_have_is_refused_with_those_it_has(method: str) -> None:
    http = client(dashboard(small_company()))
    answer = http.request(method, job_href(BASE, MAIL, "1"), headers={"Sec-Fetch-Site": "same-origin"})

    check("Problem", answer.json())
    assert answer.status_code == 405
    assert answer.headers["allow"] == "DELETE, GET, HEAD, PATCH"


def test_head_answers_as_get_does_without_the_body() -> None:
    http = client(dashboard(small_company()))
    for path in (f"{API}/queues", queue_href(BASE, MAIL), f"{API}/openapi.json", f"{API}/nowhere"):
        get, head = http.get(path), http.head(path)

        assert head.status_code == get.status_code
        assert head.headers["content-type"] == get.headers["content-type"]
        assert head.content == b""


def test_a_redis_that_is_away_is_said_to_be_with_when_to_come_back() -> None:
    answer = client(dashboard(small_company(down=("default",)))).get(job_href(BASE, MAIL, "1"))

    check("Problem", answer.json())
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")


def test_a_fault_of_our_own_is_told_to_the_log_and_not_to_the_client(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(FixedHerd):
        def snapshot(self) -> Snapshot:
            raise RuntimeError("redis://:hunter2@host")

    with caplog.at_level(logging.ERROR):
        answer = client(dashboard(Broken())).get(f"{API}/queues")

    check("Problem", answer.json())
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert "hunter2" not in answer.text
    assert "hunter2" in caplog.text


def test_a_refusal_repeats_a_hostile_name_only_as_json() -> None:
    hostile = QueueId("default", "bull", "</script><img src=x>\u202e")
    answer = client(dashboard(small_company())).get(queue_href(BASE, hostile), headers={"Accept": "text/html"})

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.content.isascii()


def test_no_answer_of_the_api_may_be_kept() -> None:
    http = client(dashboard(small_company()))
    for path in ("/queues", "/nowhere", "/openapi.json"):
        assert http.get(API + path).headers["cache-control"] == "no-store"
