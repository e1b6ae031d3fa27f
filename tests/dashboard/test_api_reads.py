from __future__ import annotations

import json
from dataclasses import replace

import pytest
from starlette.testclient import TestClient

from core.history import History, Minute
from core.job import Children, Relative
from core.model import QueueId, State, Workers
from core.text import text
from dashboard.urls import job_href, queue_href
from tests.dashboard.described import check
from tests.dashboard.fixed_herd import BILLING, MAIL, VIDEO, FixedHerd, job, now, payload, queue, small_company
from tests.dashboard.served import BASE, client, dashboard

API = f"{BASE}/api"
HOSTILE = ['"><img src=x onerror=1>', "{{7*7}}", "\u202egnp", "\x00\n", text(b"\xff\xfe"), "__proto__", "a/b:c%d +~"]


def site(herd: FixedHerd) -> TestClient:
    return client(dashboard(herd))


def test_every_queue_of_every_instance_is_listed_with_where_it_is() -> None:
    answer = site(small_company()).get(f"{API}/queues").json()

    check("Queues", answer)
    assert [(q["instance"], q["prefix"], q["name"]) for q in answer["queues"]] == [
        ("default", "bull", "mail"),
        ("default", "bull", "video"),
        ("b", "q", "b:l/"),
    ]
    assert answer["queues"][2]["href"] == f"{API}/queues/b/q/b%3Al~1"
    assert answer["queues"][0]["counts"] == {
        "waiting": 1,
        "active": 1,
        "delayed": 1,
        "prioritized": 0,
        "waiting-children": 0,
        "completed": 2,
        "failed": 1,
        "paused": 0,
    }
    assert (answer["queues"][0]["total"], answer["queues"][0]["backlog"]) == (6, 1)
    assert (answer["queues"][0]["dialect"], answer["queues"][0]["version"]) == ("mq5", "6.7.0")
    assert (answer["queues"][1]["dialect"], answer["queues"][1]["paused"]) == ("bull", True)


def test_every_href_in_the_list_answers() -> None:
    http = site(small_company())
    for listed in http.get(f"{API}/queues").json()["queues"]:
        answer = http.get(listed["href"]).json()

        check("Queue", answer)
        assert answer["name"] == listed["name"]


def test_reading_the_api_keeps_the_readings_frequent() -> None:
    herd = small_company()
    http = site(herd)
    for path in ("/queues", f"/queues/{'/'.join(('default', 'bull', 'mail'))}/jobs?state=failed"):
        before = herd.glances
        http.get(f"{API}{path}")

        assert herd.glances > before


def test_an_instance_that_is_away_is_shown_as_away_beside_its_last_known_queues() -> None:
    answer = site(small_company(down=("b",))).get(f"{API}/queues").json()

    check("Queues", answer)
    assert [(i["name"], i["up"], i["stale"]) for i in answer["instances"]] == [
        ("default", True, False),
        ("b", False, True),
    ]
    assert "cannot be reached" in answer["instances"][1]["trouble"]
    assert [q["stale"] for q in answer["queues"]] == [False, False, True]


def test_an_instance_that_was_never_read_has_no_numbers_at_all() -> None:
    http = site(small_company(never=("b",)))
    listed = http.get(f"{API}/queues").json()

    check("Queues", listed)
    assert listed["instances"][1]["up"] is False
    assert listed["instances"][1]["taken_at"] is None
    assert listed["instances"][1]["age_ms"] is None
    assert http.get(queue_href(BASE, BILLING)).status_code == 503


def test_an_old_reading_is_marked_stale_with_its_age() -> None:
    answer = site(small_company(taken_at=now() - 60_000)).get(queue_href(BASE, MAIL)).json()

    assert answer["stale"] is True
    assert answer["age_ms"] >= 60_000


def test_what_is_not_known_is_null_and_never_zero() -> None:
    herd = FixedHerd((queue("mail"), queue("video", workers=Workers(3, 1, ("a", "b")))))
    mail, video = (site(herd).get(queue_href(BASE, id)).json() for id in (MAIL, VIDEO))

    check("Queue", mail)
    assert mail["workers"] is None
    assert mail["worker_names"] is None
    assert mail["oldest_ready"] is None
    assert mail["ids"] is None
    assert video["workers"] == {"total": 3, "free": 1}
    assert video["worker_names"] == ["a", "b"]


def test_a_page_of_jobs_is_light_and_says_what_it_covers() -> None:
    answer = site(small_company()).get(f"{queue_href(BASE, MAIL)}/jobs?state=completed&limit=1").json()

    check("JobPage", answer)
    assert [j["id"] for j in answer["jobs"]] == ["6"]
    assert answer["jobs"][0]["took"] == 300
    assert "data" not in answer["jobs"][0]
    assert answer["covered"] == {"looked_at": 1, "total": 2, "note": ""}


def test_the_cursor_of_a_page_leads_to_the_next_and_ends() -> None:
    http = site(small_company())
    first = http.get(f"{queue_href(BASE, MAIL)}/jobs?state=completed&limit=1&order=oldest").json()
    second = http.get(f"{queue_href(BASE, MAIL)}/jobs?state=completed&limit=1&order=oldest&cursor={first['next']}")

    assert [j["id"] for j in first["jobs"] + second.json()["jobs"]] == ["5", "6"]
    assert second.json()["next"] is None


@pytest.mark.parametrize(
    ("query", "detail", "hint"),
    [
        ("", "state is missing", "waiting, active"),
        ("state=done", "state cannot be 'done'", "completed"),
        ("state=failed&stat=x", "no parameter 'stat'", "'state'"),
        ("state=failed&q=name:x", "no parameter 'q'", "Did you mean"),
        ("state=failed&state=active", "state is given twice", "once"),
        ("state=failed&limit=0", "limit cannot be '0'", "from 1 to"),
        ("state=failed&limit=-1", "limit cannot be '-1'", "from 1 to"),
        ("state=failed&limit=1e9", "limit cannot be '1e9'", "from 1 to"),
        ("state=failed&limit=999999999999999999999", "limit cannot be", "from 1 to"),
        ("state=failed&limit=NaN", "limit cannot be 'NaN'", "from 1 to"),
        ("state=failed&limit=", "limit cannot be ''", "from 1 to"),
        ("state=failed&limit=%D9%A3", "limit cannot be", "from 1 to"),
        ("state=failed&order=up", "order cannot be 'up'", "newest, oldest"),
        ("state=failed&cursor=x", "is not a cursor", "page before"),
        (f"state=failed&cursor={'x' * 32_769}", "cursor has 1 to 32768 characters", ""),
        ("state=failed&cursor=", "cursor has 1 to 32768 characters", ""),
    ],
)
def test_a_query_that_makes_no_sense_is_refused_with_what_would(query: str, detail: str, hint: str) -> None:
    answer = site(small_company()).get(f"{queue_href(BASE, MAIL)}/jobs?{query}")

    check("Problem", answer.json())
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert detail in answer.json()["detail"]
    assert hint in answer.json()["hint"]


def test_a_job_has_the_names_that_bullmq_gives_and_every_action_with_its_reason() -> None:
    answer = site(small_company()).get(job_href(BASE, MAIL, "3")).json()

    check("Job", answer)
    assert (answer["state"], answer["failedReason"], answer["attemptsMade"]) == ("failed", "ECONNRESET", 3)
    assert answer["stacktrace"][0].startswith("Error: ECONNRESET")
    assert {p["verb"]: p["allowed"] for p in answer["permits"]} == {"retry": True, "promote": False, "remove": True}
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


def test_metrics_count_the_last_hour_and_average_what_is_kept_of_it() -> None:
    untold = [Minute(number * 60_000, None, None) for number in range(31)]
    told = [Minute(number * 60_000, 2, 1) for number in range(31, 60)]
    past = History((*untold, *told), 31 * 60_000, "Exact from 00:31 on.")
    answer = site(small_company(past=past)).get(f"{queue_href(BASE, MAIL)}/metrics").json()

    check("Metrics", answer)
    assert (answer["waiting"], answer["active"], answer["delayed"]) == (1, 1, 1)
    assert (answer["completed"], answer["failed"]) == (58, 29)
    assert answer["avgProcessingTime"] == 200
    assert answer["covered"] == {
        "minutes": 29,
        "of": 60,
        "exact_since": 31 * 60_000,
        "note": "Exact from 00:31 on.",
        "processing": {
            "looked_at": 2,
            "total": 2,
            "note": "All completed jobs of the last hour that are still kept.",
        },
    }


def test_metrics_of_an_hour_that_nothing_tells_of_are_null() -> None:
    answer = site(FixedHerd((queue("mail"),))).get(f"{queue_href(BASE, MAIL)}/metrics").json()

    check("Metrics", answer)
    assert answer["completed"] is None
    assert answer["failed"] is None
    assert answer["avgProcessingTime"] is None
    assert answer["covered"]["minutes"] == 0


def test_the_average_leaves_out_old_jobs_and_says_when_it_is_a_sample() -> None:
    at = now()
    old = job(MAIL, "old", State.COMPLETED, processed_on=at - 9_000_000, finished_on=at - 7_200_000)
    many = [job(MAIL, str(n), State.COMPLETED, processed_on=at - 1010, finished_on=at - 1000) for n in range(300)]
    herd = FixedHerd((queue("mail", completed_last_hour=300),), (old, *many))
    answer = site(herd).get(f"{queue_href(BASE, MAIL)}/metrics").json()

    assert answer["avgProcessingTime"] == 10
    assert answer["covered"]["processing"]["looked_at"] == 200
    assert answer["covered"]["processing"]["total"] == 300
    assert "The newest 200 of 300" in answer["covered"]["processing"]["note"]

    few = FixedHerd((queue("mail"),), (old, many[0]))
    assert site(few).get(f"{queue_href(BASE, MAIL)}/metrics").json()["avgProcessingTime"] == 10


def test_a_large_herd_is_listed_in_one_answer() -> None:
    herd = FixedHerd([queue(f"q{number}") for number in range(1000)])
    answer = site(herd).get(f"{API}/queues")

    assert len(answer.json()["queues"]) == 1000
    assert len(answer.content) < 1_200_000


def test_a_job_that_no_state_lists_is_shown_with_that_state() -> None:
    answer = site(FixedHerd((queue("mail"),), (job(MAIL, "1", State.UNKNOWN),))).get(job_href(BASE, MAIL, "1")).json()

    check("Job", answer)
    assert answer["state"] == "unknown"
