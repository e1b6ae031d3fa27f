from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from core.history import History, Minute
from core.model import State, Workers
from core.text import text
from dashboard.urls import queue_href
from tests.dashboard.described import check
from tests.dashboard.fixed_herd import BILLING, MAIL, VIDEO, FixedHerd, job, now, queue, small_company
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
        ("state=failed&query=name:x", "no parameter 'query'", "Did you mean"),
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
