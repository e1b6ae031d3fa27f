from __future__ import annotations

import json
from dataclasses import replace

import pytest
from starlette.testclient import TestClient

from core.job import Children, Relative
from core.model import QueueId, State
from core.text import text
from dashboard.urls import job_href, queue_href
from tests.dashboard.described import check
from tests.dashboard.fixed_herd import MAIL, VIDEO, FixedHerd, job, payload, queue, small_company
from tests.dashboard.served import BASE, client, dashboard

API = f"{BASE}/api"
HOSTILE = ['"><img src=x onerror=1>', "{{7*7}}", "\u202egnp", "\x00\n", text(b"\xff\xfe"), "__proto__", "a/b:c%d +~"]


def site(herd: FixedHerd) -> TestClient:
    return client(dashboard(herd))


def test_a_job_has_the_names_that_bullmq_gives_and_every_action_with_its_reason() -> None:
    answer = site(small_company()).get(job_href(BASE, MAIL, "3")).json()

    check("Job", answer)
    assert (answer["state"], answer["failedReason"], answer["attemptsMade"]) == ("failed", "ECONNRESET", 3)
    assert answer["stacktrace"][0].startswith("Error: ECONNRESET")
    allowed = {p["verb"]: p["allowed"] for p in answer["permits"]}
    assert (allowed["retry"], allowed["promote"], allowed["remove"]) == (True, False, True)
    assert next(p["why"] for p in answer["permits"] if p["verb"] == "promote") == "It is failed."


def test_a_whole_payload_is_its_json_value_and_is_not_sent_twice() -> None:
    answer = site(small_company()).get(job_href(BASE, MAIL, "1")).json()

    assert answer["data"] == {"to": "a@b"}
    assert answer["payloads"]["data"] == {"size": 12, "cut": False, "is_json": True, "text": None}
    assert "returnvalue" not in answer["payloads"]


def test_a_cut_payload_is_null_with_its_beginning_and_true_size_beside_it() -> None:
    large = replace(payload('{"a":"xxx', cut=True), size=10_485_760)
    herd = FixedHerd((queue("mail"),), (job(MAIL, "1", data=large),))
    answer, status = (site(herd).get(job_href(BASE, MAIL, "1") + tail).json() for tail in ("", "/status"))

    check("Job", answer)
    check("Status", status)
    assert answer["data"] is None
    assert answer["payloads"]["data"] == {"size": 10_485_760, "cut": True, "is_json": False, "text": '{"a":"xxx'}
    assert (status["data"], status["cut"]) == (None, {"data": 10_485_760})


def test_the_limit_of_a_field_can_be_chosen() -> None:
    class Watched(FixedHerd):
        limit = 0

        async def job(self, id: QueueId, job_id: str, *, limit_bytes: int = 65_536):  # type: ignore[no-untyped-def] # as FixedHerd's
            self.limit = limit_bytes
            return await super().job(id, job_id)

    herd = Watched((queue("mail"),), (job(MAIL, "1"),))
    site(herd).get(job_href(BASE, MAIL, "1") + "?bytes=1000000")

    assert herd.limit == 1_000_000


@pytest.mark.parametrize(
    "value", [2**53 + 1, -(2**63), 10**400, 0.1, True, None, [], {"__proto__": 1}, "\U0001f600\ud800"]
)
def test_a_value_in_json_is_shown_exactly(value: object) -> None:
    herd = FixedHerd((queue("mail"),), (job(MAIL, "1", returnvalue=payload("…", value=value, is_json=True)),))
    answer = site(herd).get(job_href(BASE, MAIL, "1"))

    assert json.loads(answer.content)["returnvalue"] == value
    assert answer.content.isascii()


@pytest.mark.parametrize("written", ["1e999", "[NaN]", '{"a":-Infinity}', "[" * 500 + "]" * 500])
def test_what_json_cannot_say_is_given_as_its_text(written: str) -> None:
    odd = payload(written, value=json.loads(written), is_json=True)
    herd = FixedHerd((queue("mail"),), (job(MAIL, "1", data=odd, progress=odd),))
    http = site(herd)
    answer = http.get(job_href(BASE, MAIL, "1"))

    assert answer.status_code == 200
    assert answer.json()["data"] is None
    assert answer.json()["payloads"]["data"]["text"] == written
    assert http.get(f"{queue_href(BASE, MAIL)}/jobs?state=waiting").json()["jobs"][0]["progress"] is None


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_or_id_is_listed_followed_and_repeated_byte_for_byte(name: str) -> None:
    id = QueueId("default", "bull", name)
    herd = FixedHerd((queue(name),), (job(id, name, name=name),))
    http = site(herd)
    listed = http.get(f"{API}/queues").json()["queues"][0]
    row = http.get(f"{listed['href']}/jobs?state=waiting").json()["jobs"][0]

    assert http.get(row["href"]).json()["id"] == name
    assert http.get(row["href"]).json()["queue"]["name"] == name


def test_a_family_is_linked_where_its_queue_is_known_and_only_named_where_it_is_not() -> None:
    known, lost = Relative("bull:video:9", "9", VIDEO, "completed"), Relative("x:y:1", "1", None, note="unknown queue")
    family = job(MAIL, "1", parent=known, children=Children(1, 2, 0, 1, (known, lost)))
    answer = site(FixedHerd((queue("mail"),), (family,))).get(job_href(BASE, MAIL, "1")).json()

    check("Job", answer)
    assert answer["parent"]["href"] == job_href(BASE, VIDEO, "9")
    assert answer["children"]["total"] == 4
    assert answer["children"]["listed"][1]["href"] is None


def test_a_jobs_status_is_six_fields() -> None:
    answer = site(small_company()).get(job_href(BASE, MAIL, "2") + "/status").json()

    check("Status", answer)
    assert answer == {
        "id": "2",
        "state": "active",
        "progress": 33.33,
        "data": None,
        "result": None,
        "error": None,
        "cut": {},
    }


def test_logs_go_on_where_the_page_before_ended() -> None:
    http = site(small_company())
    first = http.get(job_href(BASE, MAIL, "1") + "/logs?limit=2").json()
    second = http.get(job_href(BASE, MAIL, "1") + f"/logs?limit=2&start={first['next']}").json()
    last = http.get(job_href(BASE, MAIL, "1") + "/logs?start=-1").json()

    check("Logs", first)
    assert first == {"logs": ["one", "two"], "start": 0, "total": 3, "next": 2}
    assert second == {"logs": ["three"], "start": 2, "total": 3, "next": None}
    assert last["logs"] == ["three"]


def test_the_log_of_a_job_that_is_gone_is_not_found_rather_than_empty() -> None:
    class Forgetful(FixedHerd):
        async def logs(self, id: QueueId, job_id: str, *, start: int = 0, limit: int = 200):  # type: ignore[no-untyped-def] # as Herd's
            return await super().logs(id, "1", start=start, limit=limit)

    herd = Forgetful((queue("mail"),), (job(MAIL, "1"),))

    assert site(herd).get(job_href(BASE, MAIL, "1") + "/logs").json()["total"] == 0
    assert site(herd).get(job_href(BASE, MAIL, "gone") + "/logs").status_code == 404


def test_a_job_that_no_state_lists_is_shown_with_that_state() -> None:
    answer = site(FixedHerd((queue("mail"),), (job(MAIL, "1", State.UNKNOWN),))).get(job_href(BASE, MAIL, "1")).json()

    check("Job", answer)
    assert answer["state"] == "unknown"


def test_a_query_lists_the_jobs_that_fit_and_says_how_far_it_looked() -> None:
    found = site(small_company()).get(f"{queue_href(BASE, MAIL)}/jobs?state=failed&q=id:nobody").json()
    assert (found["jobs"], found["next"]) == ([], None)
    assert found["covered"]["note"].startswith("Searched ")


def test_a_query_that_cannot_be_read_is_refused_with_the_place() -> None:
    answer = site(small_company()).get(f"{queue_href(BASE, MAIL)}/jobs?state=failed&q=nmae:x")
    assert answer.status_code == 400
    assert "at character 1" in answer.json()["detail"]
