"""Operations over the API: what may be asked, how it is answered, and on a real Redis what it does."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import redis as redis_py

from core.herd import Herd
from core.settings import Settings
from dashboard.urls import queue_href
from tests.conftest import Eventually
from tests.core.layout import failed, queue
from tests.dashboard.described import check
from tests.dashboard.fixed_herd import MAIL, small_company
from tests.dashboard.fixed_operations import LIVE
from tests.dashboard.served import BASE, client, dashboard
from tests.dashboard.test_api_redis import served

OURS = {"Origin": "http://localhost"}
URL = f"{BASE}/api/operations"
HREF = queue_href(BASE, MAIL)
VIDEO = replace(MAIL, name="video")


def asked(body: Any, **settings: Any) -> Any:
    herd = small_company(**({"settings": Settings(**settings)} if settings else {}))
    return client(dashboard(herd)).post(URL, json=body, headers=OURS)


def test_an_operation_is_answered_with_what_was_understood_and_where_to_follow_it() -> None:
    answer = asked({"action": "clean", "queues": [HREF], "state": "completed", "options": {"keep": 3, "grace": 9}})

    check("Operation", answer.json())
    assert answer.status_code == 200
    assert answer.json()["href"] == f"{URL}/{answer.json()['id']}"
    assert answer.json()["queues"] == [HREF]
    assert answer.json()["options"] == {
        **{"grace": 9, "limit": None, "keep": 3},
        **{"delayed": False, "reset_attempts": False, "force": False},
        **{
            "priority": None,
            "delay": None,
            "to": None,
            "rate": None,
            "canary": 0,
            "canary_wait": 60_000,
            "tolerance": 10,
        },
    }
    assert answer.json()["status"] == "running"


def test_where_jobs_move_is_told_and_answered_by_its_address() -> None:
    to = queue_href(BASE, VIDEO)
    answer = asked({"action": "move", "queues": [HREF], "state": "failed", "options": {"to": to}}).json()

    check("Operation", answer)
    assert (answer["action"], answer["options"]["to"]) == ("move", to)


def test_queues_are_named_by_a_pattern_and_obliterated_by_force() -> None:
    body = {"action": "obliterate", "queues": "all", "matching": "tmp-*", "options": {"force": True}}
    answer = asked(body).json()

    check("Operation", answer)
    assert (answer["queues"], answer["matching"], answer["options"]["force"]) == ("all", "tmp-*", True)


def test_a_dry_run_is_only_previewed_and_a_resume_begins_it() -> None:
    http = client(dashboard(small_company()))
    seen = http.post(URL, json={"action": "retry", "queues": "all", "dry_run": True}, headers=OURS).json()

    assert seen["status"] == "previewed"
    assert http.post(f"{seen['href']}/resume", headers=OURS).json()["status"] == "running"


def test_operations_are_listed_newest_first_held_and_cancelled() -> None:
    http = client(dashboard(small_company()))
    made = http.post(URL, json={"action": "pause", "queues": "all"}, headers=OURS).json()

    assert [one["id"] for one in http.get(URL).json()["operations"]] == [made["id"], LIVE]
    assert http.post(f"{URL}/{LIVE}/pause", headers=OURS).json()["status"] == "paused"
    assert http.delete(f"{URL}/{LIVE}", headers=OURS).json()["status"] == "cancelled"
    assert http.get(f"{URL}/nosuch").status_code == 404


@pytest.mark.parametrize(
    ("body", "code", "word"),
    [
        ({"queues": "all"}, "invalid", "action"),
        ({"action": "obliterated", "queues": "all"}, "invalid", "obliterated"),
        ({"action": "obliterate", "queues": "all", "state": "failed"}, "invalid", "obliterate"),
        ({"action": "pause", "queues": "all", "options": {"force": True}}, "invalid", "force"),
        ({"action": "pause", "queues": "all", "matching": 3}, "invalid", "matching"),
        ({"action": "pause", "queues": [HREF], "matching": "m*"}, "invalid", "pattern"),
        ({"action": "retry"}, "invalid", "queues"),
        ({"action": "retry", "queues": []}, "invalid", "queue"),
        ({"action": "retry", "queues": ["/elsewhere"]}, "invalid", "/elsewhere"),
        ({"action": "retry", "queues": "all", "state": "unknown"}, "invalid", "unknown"),
        ({"action": "retry", "queues": "all", "stat": "failed"}, "invalid", "state"),
        ({"action": "clean", "queues": "all", "state": "failed", "options": {"kept": 1}}, "invalid", "keep"),
        ({"action": "clean", "queues": "all", "state": "failed", "options": {"keep": "1"}}, "invalid", "keep"),
        ({"action": "clean", "queues": "all", "state": "failed", "options": {"keep": True}}, "invalid", "keep"),
        ({"action": "clean", "queues": "all", "state": "failed", "options": [1]}, "invalid", "options"),
        ({"action": "retry", "queues": "all", "reason": "x" * 1001}, "invalid", "reason"),
        ({"action": "retry", "queues": "all", "dry_run": 1}, "invalid", "dry_run"),
        ({"action": "retry", "queues": "all", "q": "nam:mail"}, "invalid", "at character 1"),
        ({"action": "retry", "queues": "all", "q": 'reason:"no'}, "invalid", "at character 8"),
        ({"action": "retry", "queues": "all", "q": ["x"]}, "invalid", "q is a text"),
        ({"action": "drain", "queues": "all", "q": "name:mail"}, "invalid", "query"),
        ({"action": "change-priority", "queues": "all", "state": "delayed"}, "invalid", "priority"),
        ({"action": "retry", "queues": "all", "options": {"canary": 101}}, "invalid", "canary"),
        ({"action": "move", "queues": [HREF], "state": "failed"}, "invalid", "option to"),
        ({"action": "move", "queues": [HREF], "options": {"to": HREF}}, "invalid", "state"),
        ({"action": "move", "queues": [HREF], "state": "active", "options": {"to": HREF}}, "invalid", "active"),
        ({"action": "move", "queues": [HREF], "state": "failed", "options": {"to": 3}}, "invalid", "href"),
        ({"action": "move", "queues": [HREF], "state": "failed", "options": {"to": "/x"}}, "invalid", "/x"),
        ({"action": "retry", "queues": [HREF], "options": {"to": HREF}}, "invalid", "to"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_word_that_is_wrong(body: Any, code: str, word: str) -> None:
    problem = asked(body).json()

    check("Problem", problem)
    assert problem["code"] == code
    assert word in problem["detail"] + problem["hint"]


def test_a_read_only_tickbird_refuses_operations() -> None:
    assert asked({"action": "retry", "queues": "all"}, read_only=True).status_code == 403


def test_thousands_of_queues_may_be_named_but_not_any_number() -> None:
    assert asked({"action": "pause", "queues": [HREF] * 3000}).status_code == 200
    assert asked({"action": "pause", "queues": [HREF] * 5001}).json()["code"] == "invalid"
    assert asked({"action": "pause", "queues": [HREF] * 50_000}).json()["code"] == "too_large"


def test_a_body_that_is_no_json_is_not_read() -> None:
    answer = client(dashboard(small_company())).post(URL, content="action=retry", headers=OURS)

    assert answer.status_code == 415


async def test_on_a_real_redis_it_is_previewed_begun_followed_and_done(
    redis: redis_py.Redis, herd: Herd, eventually: Eventually
) -> None:
    base = queue(redis, "bull:mail:")
    failed(redis, base, *(f"j{n}" for n in range(250)))
    await eventually(lambda: herd.snapshot().queues)
    async with served(herd) as http:
        body = {"action": "retry", "queues": [HREF], "reason": "they were down", "dry_run": True}
        seen = (await http.post(URL, json=body)).json()
        check("Operation", seen)
        assert (seen["status"], seen["total"], seen["exact"], seen["reason"]) == (
            "previewed",
            250,
            True,
            body["reason"],
        )
        assert redis.zcard(base + b"failed") == 250

        await http.post(seen["href"] + "/resume")
        await herd.operations.wait(seen["id"])
        done = (await http.get(seen["href"])).json()
        check("Operation", done)
        assert (done["status"], done["done"], done["skipped"]) == ("done", 250, {})
    assert redis.llen(base + b"wait") == 250


async def test_a_query_is_previewed_signed_begun_with_that_and_told(
    redis: redis_py.Redis, herd: Herd, eventually: Eventually
) -> None:
    base = queue(redis, "bull:mail:")
    failed(redis, base, *(f"j{n}" for n in range(50)))
    redis.zadd(base + b"failed", {"ghost1": 1})
    for n in range(0, 50, 5):
        redis.hset(base + b"j%d" % n, "failedReason", "connect ECONNRESET")
    await eventually(lambda: herd.snapshot().queues)
    async with served(herd) as http:
        body = {"action": "retry", "queues": [HREF], "q": "reason:ECONNRESET OR id:ghost1", "dry_run": True}
        seen = (await http.post(URL, json=body)).json()
        check("Operation", seen)
        assert (seen["total"], seen["exact"], seen["at_least"], seen["reach"]) == (11, True, False, 51)
        assert {one["id"] for one in seen["sample"]} <= {"ghost1", *(f"j{n}" for n in range(0, 50, 5))}
        for forged in ({}, {"scope": "0" * 64}):
            refused = await http.post(seen["href"] + "/resume", json=forged)
            assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
        await http.post(seen["href"] + "/resume", json={"scope": seen["scope"], "reason": "Redis is back"})
        await herd.operations.wait(seen["id"])
        done = (await http.get(seen["href"])).json()
        left = (await http.get(seen["href"] + "/skipped")).json()
        check("Operation", done)
        check("OperationSkips", left)

    assert (done["status"], done["done"], done["skipped"], done["listed"]) == ("done", 10, {"ghost": 1}, 1)
    assert [(told["act"], told["reason"]) for told in done["told"]] == [("resume", "Redis is back")]
    assert ([skip["id"] for skip in left["skipped"]], left["next"], left["note"]) == (["ghost1"], None, "")
    assert redis.zcard(base + b"failed") == 41
