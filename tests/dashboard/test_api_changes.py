"""Changing jobs and queues over the API: what is understood, what is refused, and that no number is rounded."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from core.mutations.written import DATA_LIMIT
from core.settings import Settings
from dashboard.api.bodies import LARGEST_JOB
from dashboard.urls import job_href, queue_href
from tests.dashboard.described import check
from tests.dashboard.fixed_herd import MAIL, VIDEO, FixedHerd, small_company
from tests.dashboard.served import BASE, client, dashboard

OURS = {"Origin": "http://localhost"}
JSON = {"Content-Type": "application/json"}


def site(herd: FixedHerd) -> TestClient:
    http = client(dashboard(herd))
    http.headers.update(OURS)
    return http


def patched(id: str, written: str, herd: FixedHerd | None = None) -> Any:
    return site(herd or small_company()).patch(job_href(BASE, MAIL, id), content=written, headers=JSON)


def data_of(herd: FixedHerd, id: str) -> str:
    found = next(job for job in herd.contents if job.row.id == id)
    return found.data.text if found.data else ""


def test_data_are_kept_as_they_are_written_but_for_the_space_between() -> None:
    herd = small_company()
    answer = patched("1", '{ "data": {"n": 1.10, "big" : 12345678901234567890123, "s": "a  b\\u202e"} }', herd)

    check("Outcomes", answer.json())
    assert data_of(herd, "1") == '{"n":1.10,"big":12345678901234567890123,"s":"a  b\\u202e"}'


def test_a_number_of_any_length_is_kept() -> None:
    herd = small_company()
    number = "9" * 10_000
    assert patched("1", f'{{"data": {number}}}', herd).status_code == 200
    assert data_of(herd, "1") == number


def test_several_changes_are_done_in_one_call_and_each_is_told() -> None:
    answer = patched("4", '{"delay": 5000, "priority": 3, "lifo": true}')

    assert [one["verb"] for one in answer.json()["outcomes"]] == ["change_priority", "change_delay"]
    assert "first" in answer.json()["outcomes"][0]["sentence"]


def test_a_refusal_says_what_was_done_before_it() -> None:
    answer = patched("3", '{"data": {}, "delay": 5}')

    assert answer.status_code == 409
    assert "Done before that: The data of 3 are changed." in answer.json()["detail"]


@pytest.mark.parametrize(
    ("written", "word"),
    [
        ("", "Nothing to change"),
        ("{}", "Nothing to change"),
        ('{"lifo": true}', "Nothing to change"),
        ("[]", "not a JSON object"),
        ('{"data": {"a": NaN}}', "not JSON"),
        ('{"data": {"a": 1,}}', "line 1, column 18"),
        ('{"priority": "3"}', "priority is a whole number"),
        ('{"priority": 1.5}', "priority is a whole number"),
        ('{"priority": null}', "priority is missing"),
        ('{"priority": true}', "priority is a whole number"),
        ('{"priority": 3, "lifo": 1}', "lifo is true or false"),
        ('{"priority": 3000000}', "2,097,152"),
        ('{"dealy": 3}', "no field 'dealy'"),
        ('{"data": ' + "[" * 100_000 + "]" * 100_000 + "}", "cannot be read|can be read"),
    ],
)
def test_a_change_that_makes_no_sense_is_refused_with_the_word_that_is_wrong(written: str, word: str) -> None:
    herd = small_company()
    answer = patched("4", written, herd)

    check("Problem", answer.json())
    assert answer.status_code == 400
    assert any(part in answer.json()["detail"] for part in word.split("|")), answer.json()
    assert herd.version == 1


def test_data_of_five_megabytes_are_taken_and_more_are_not() -> None:
    large = '{"data": "' + "x" * (DATA_LIMIT - 2) + '"}'
    herd = small_company()
    assert patched("1", large, herd).status_code == 200
    assert len(data_of(herd, "1")) == DATA_LIMIT
    assert patched("1", '{"data": "' + "x" * LARGEST_JOB + '"}').json()["code"] == "too_large"


def added(written: str, herd: FixedHerd | None = None) -> Any:
    return site(herd or small_company()).post(queue_href(BASE, MAIL) + "/jobs", content=written, headers=JSON)


def test_a_job_is_added_with_its_data_as_they_are_written() -> None:
    herd = small_company()
    answer = added('{"name": "send", "data": {"n": 1.10}, "opts": {"jobId": "mine", "delay": 5}}', herd)

    check("Outcome", answer.json())
    assert answer.json()["id"] == "mine"
    assert data_of(herd, "mine") == '{"n":1.10}'


def test_an_array_of_jobs_is_answered_by_one_of_outcomes_in_its_order() -> None:
    herd = small_company()
    answer = added('[ {"name": "a", "data": [1, 2.0]}, {"name":"b"} ]', herd)

    check("Outcomes", answer.json())
    ids = [one["id"] for one in answer.json()["outcomes"]]
    assert [data_of(herd, id) for id in ids] == ["[1,2.0]", "{}"]


@pytest.mark.parametrize(
    ("written", "code", "word"),
    [
        ("", "invalid", "The body is a job"),
        ("[]", "invalid", "The body is a job"),
        ("3", "invalid", "The body is a job"),
        ("{}", "invalid", "name is a text"),
        ("[3]", "invalid", "A job is a JSON object"),
        ('{"name": 3}', "invalid", "name is a text"),
        ('{"name": "x", "opts": []}', "invalid", "opts is an object"),
        ('{"name": "x", "options": {}}', "invalid", "no field 'options'"),
        ("[" + ",".join(['{"name":"x"}'] * 1001) + "]", "too_large", "1,000 jobs"),
    ],
)
def test_what_is_no_job_is_not_added(written: str, code: str, word: str) -> None:
    herd = small_company()
    answer = added(written, herd)

    check("Problem", answer.json())
    assert answer.json()["code"] == code
    assert word in answer.json()["detail"]
    assert herd.version == 1


def test_an_abandoned_job_is_failed_with_a_reason_or_waits_again() -> None:
    http = site(small_company())
    job = job_href(BASE, MAIL, "2")

    assert http.post(f"{job}/fail", json={}).json()["code"] == "invalid"
    assert http.post(f"{job}/fail", json={"reason": ""}).json()["code"] == "invalid"
    failed = http.post(f"{job}/fail", json={"reason": "it hangs"})
    check("Outcome", failed.json())
    assert http.get(job).json()["state"] == "failed"
    assert http.post(f"{job}/requeue").json()["code"] == "conflict"
    assert http.post(f"{job}/requeue", json={"force": True}).json()["code"] == "conflict"


def test_a_job_is_removed_by_force_only_where_that_is_said() -> None:
    http = site(small_company())
    job = job_href(BASE, MAIL, "2")

    assert http.delete(job).json()["code"] == "conflict"
    assert http.delete(job, params={"force": "false"}).json()["code"] == "conflict"
    assert http.delete(job, params={"force": "1"}).json()["code"] == "invalid"
    assert "by force" in http.delete(job, params={"force": "true"}).json()["sentence"]


def test_a_copy_is_made_with_the_same_data_or_with_others() -> None:
    herd = small_company()
    http = site(herd)
    job = job_href(BASE, MAIL, "1")
    same, other = http.post(f"{job}/duplicate").json(), http.post(f"{job}/duplicate", json={"data": [1]}).json()

    check("Outcome", same)
    assert same["id"] != "1" != other["id"]
    assert (data_of(herd, same["id"]), data_of(herd, other["id"])) == ('{"to":"a@b"}', "[1]")


def test_a_job_is_moved_to_the_queue_whose_href_is_sent() -> None:
    http, job = site(small_company()), job_href(BASE, MAIL, "5")
    there = http.post(f"{job}/move", json={"queue": queue_href(BASE, VIDEO)}).json()

    check("Outcome", there)
    assert there["href"] == job_href(BASE, VIDEO, "moved-5")
    assert http.post(f"{job}/move", json={}).json()["code"] == "invalid"
    assert http.post(f"{job}/move", json={"queue": "/elsewhere"}).json()["code"] == "invalid"
    assert http.get(job).status_code == 404


def test_a_line_is_added_to_the_log() -> None:
    herd = small_company()
    answer = site(herd).post(job_href(BASE, MAIL, "1") + "/logs", json={"line": "seen by ada"})

    check("Outcome", answer.json())
    assert herd.log_lines[-1] == "seen by ada"


def test_limits_are_set_and_lifted() -> None:
    herd = small_company()
    http = site(herd)
    queue = queue_href(BASE, MAIL)
    check("Outcomes", http.patch(queue, json={"concurrency": 5, "rate_limit": {"max": 9, "duration": 60000}}).json())
    limits = herd.queue(MAIL).limits
    assert (limits.concurrency, limits.rate_max, limits.rate_duration) == (5, 9, 60_000)

    http.patch(queue, json={"concurrency": None, "rate_limit": None})
    assert herd.queue(MAIL).limits.concurrency is None
    assert herd.queue(MAIL).limits.rate_max is None


@pytest.mark.parametrize(
    ("sent", "word"),
    [
        ({}, "Nothing to change"),
        ({"concurrency": "5"}, "concurrency is a whole number"),
        ({"rate_limit": 5}, "rate_limit"),
        ({"rate_limit": {"max": 5}}, "duration is missing"),
        ({"rate_limit": {"max": 5, "duration": 1, "x": 1}}, "no field 'x'"),
    ],
)
def test_a_limit_that_makes_no_sense_is_refused(sent: Any, word: str) -> None:
    answer = site(small_company()).patch(queue_href(BASE, MAIL), json=sent)

    assert answer.status_code == 400
    assert word in answer.json()["detail"]


def test_what_holds_a_queue_back_is_released() -> None:
    http = site(small_company())
    queue = queue_href(BASE, MAIL)

    check("Outcome", http.delete(f"{queue}/rate-limit").json())
    released = http.delete(f"{queue}/deduplication/user~1ada%3A1")
    check("Outcome", released.json())
    assert released.json()["sentence"] == "user/ada:1 can be added again."
    check("Outcome", http.post(f"{queue}/mend-pause").json())
    check("Outcome", http.post(f"{queue}/trim-events", json={"keep": 0}).json())
    assert http.post(f"{queue}/trim-events", json={}).json()["code"] == "invalid"


def test_a_read_only_tickbird_changes_nothing() -> None:
    herd = small_company(settings=Settings(read_only=True))
    http = site(herd)
    queue, job = queue_href(BASE, MAIL), job_href(BASE, MAIL, "1")
    assert http.patch(job, json={"priority": 1}).status_code == 403
    assert http.patch(queue, json={"concurrency": 1}).status_code == 403
    assert http.post(f"{queue}/jobs", json={"name": "x"}).status_code == 403
    assert http.post(f"{job}/duplicate").status_code == 403
    assert http.post(f"{job}/move", json={"queue": queue_href(BASE, VIDEO)}).status_code == 403
    assert http.delete(job, params={"force": "true"}).status_code == 403
