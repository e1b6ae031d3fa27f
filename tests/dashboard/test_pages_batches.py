"""The pages of batches and deduplication ids, the priorities of a queue, and jobs added with what is usual."""

from __future__ import annotations

import json
from typing import Any

from core.model import State
from core.settings import Settings
from tests.dashboard.browsing import BASE, Page, browser, page
from tests.dashboard.fixed_herd import MAIL, FixedHerd, job, payload, queue, small_company
from tests.dashboard.fixed_tending import FixedDeduplications

PATH = "/queues/default/bull/mail"
OF_MAIL = BASE + PATH


def in_batch(id: str, batch: Any, state: State = State.WAITING, **rest: Any) -> Any:
    data = {"batchId": batch}
    return job(MAIL, id, state, data=payload(json.dumps(data), value=data, is_json=True), **rest)


def test_each_batch_says_how_far_it_is_and_its_numbers_open_what_they_count() -> None:
    herd = FixedHerd((queue("mail"),), [in_batch("1", 42), in_batch("2", 42, State.FAILED), in_batch("3", "a b")])
    shown = page(browser(herd), f"{PATH}/batches?field=data.batchId")
    assert "42 75 % 0 1 0 2 1 4" in shown.words
    assert shown.all("a", href=f"{OF_MAIL}?state=failed&q=data.batchId%3A42")
    assert shown.all("a", href=f"{OF_MAIL}?state=waiting&q=data.batchId%3A%22a+b%22")
    assert "2 batches, 2 under way. Looked at 3 jobs." in shown.words


def test_a_field_that_is_none_is_refused_where_it_was_written() -> None:
    response = browser(small_company()).get(f"{OF_MAIL}/batches?field=nonsense")
    assert response.status_code == 400
    assert "no field that can group jobs" in Page(response.text).words


def test_without_a_field_the_likeliest_is_taken() -> None:
    shown = page(browser(small_company()), f"{PATH}/batches")
    assert shown.one("input", name="field").attributes["value"] == "data.to"
    assert "a@b" in shown.words


def test_a_batch_page_stays_when_redis_is_away() -> None:
    shown = page(browser(small_company(down=("default",))), f"{PATH}/batches")
    assert "cannot be reached" in shown.words


def test_each_deduplication_id_has_its_job_its_time_and_a_release() -> None:
    herd = FixedHerd((queue("mail"),), [job(MAIL, "1", deduplication_id="user:1")])
    client = browser(herd)
    shown = page(client, f"{PATH}/deduplication")
    assert "user:1 job 1 a follow-up is kept behind it 5.0 s" in shown.words
    answer = client.post(f"{OF_MAIL}/deduplication-releases", data={"id": "user:1", "from": "deduplication"})
    assert answer.headers["location"] == f"{OF_MAIL}/deduplication"
    assert "user:1 can be added again." in Page(client.get(answer.headers["location"]).text).words
    assert "No job holds user:9." in page(client, f"{PATH}/deduplication?id=user:9").words


def test_a_library_without_deduplication_says_so() -> None:
    herd = small_company()
    assert isinstance(herd.deduplication, FixedDeduplications)
    herd.deduplication.absent = "bull knows no deduplication."
    assert "bull knows no deduplication." in page(browser(herd), f"{PATH}/deduplication").words


def test_priorities_stand_where_the_queue_is_managed() -> None:
    jobs = [job(MAIL, str(at), State.PRIORITIZED, priority=priority) for at, priority in enumerate((5, 5, 2))]
    shown = page(browser(FixedHerd((queue("mail"),), jobs)), f"{PATH}/manage")
    assert "2 1 5 2 Those without a priority come first" in shown.words
    assert shown.all("a", href=f"{OF_MAIL}?state=prioritized&q=priority%3A5")


def test_why_is_asked_for_in_a_fold_of_each_form() -> None:
    shown = page(browser(small_company()), f"{PATH}/manage")
    reasons = shown.all("input", name="reason")
    assert len(reasons) == len(shown.all("details", **{"class": "because"})) > 0


def test_a_name_fills_in_what_is_usual_and_says_so() -> None:
    herd = FixedHerd((queue("mail"),), [in_batch("1", 42)])
    shown = page(browser(herd), f"{PATH}/add?name=send")
    assert shown.one("input", name="attempts").attributes["value"] == "3"
    assert "Options that most of the newest 1 job called send have are filled in: attempts 3 (1 of 1)." in shown.words
    assert "Data of the newest of them" in shown.words
    begun = browser(herd).get(f"{OF_MAIL}/add?name=send&example=yes").text
    assert "&#34;batchId&#34;: 42" in begun
    assert "None of the newest jobs here is called other" in page(browser(herd), f"{PATH}/add?name=other").words


def test_a_copy_begins_with_what_its_original_carries() -> None:
    opts = {"attempts": 4, "backoff": 5, "jobId": "x", "delay": 5, "removeOnFail": True}
    original = in_batch("1", 42, opts=payload(json.dumps(opts), value=opts, is_json=True))
    client = browser(FixedHerd((queue("mail"),), [original]))
    assert page(client, f"{PATH}/jobs/1/change").all("a", href=f"{OF_MAIL}/add?from=1")
    html = client.get(f"{OF_MAIL}/add?from=1").text
    shown = Page(html)
    assert shown.one("input", name="attempts").attributes["value"] == "4"
    assert "checked" in shown.one("input", name="removeOnFail").attributes
    assert shown.one("input", name="jobId").attributes["value"] == ""
    assert "&#34;backoff&#34;: 5" in html
    assert "&#34;batchId&#34;: 42" in html
    assert "a copy of job 1" in shown.words


def test_several_are_shown_before_any_is_added() -> None:
    herd = small_company()
    client = browser(herd)
    before = len(herd.contents)
    text = '{"name":"send","data":{"n":12345678901234567890}}\n\n{"data":[1]}'
    refused = client.post(f"{OF_MAIL}/additions-of-several", data={"jobs": text})
    assert refused.status_code == 400
    assert "Line 3: name is missing" in Page(refused.text).words
    asked = Page(client.post(f"{OF_MAIL}/additions-of-several", data={"jobs": text, "name": "other"}).text)
    assert "Add 2 jobs to mail?" in asked.words
    assert "1 called send , 1 called other" in asked.words
    assert "12345678901234567890" in asked.words
    assert len(herd.contents) == before
    kept = {e.attributes["name"]: e.attributes["value"] for e in asked.all("input", type="hidden")}
    done = Page(client.post(f"{OF_MAIL}/additions-of-several", data=kept).text)
    assert "2 jobs added" in done.words
    assert len(herd.contents) == before + 2


def test_an_array_is_as_good_and_a_bad_job_is_named_by_its_number() -> None:
    client = browser(small_company())
    good = '{"name":"send"}'
    for text, why in (
        (f"[{good}]", "Add 1 job to mail?"),
        (f"[{good}, 5]", "Number 2: a job is an object"),
        (f'[{good}, {{"name":"x","opts":{{"attempts":"many"}}}}]', "Number 2: The option attempts is a whole number"),
        (f'[{good}, {{"name":"x","dta":1}}]', "Number 2: There is no field 'dta' here. Did you mean 'data'?"),
        ("[", "not JSON"),
        ("", "There is nothing to add."),
    ):
        answer = client.post(f"{OF_MAIL}/additions-of-several", data={"jobs": text})
        assert why in Page(answer.text).words, text


def test_read_only_adds_nothing() -> None:
    herd = small_company(settings=Settings(read_only=True))
    assert "read-only" in page(browser(herd), f"{PATH}/add/several").words
    answer = browser(herd).post(f"{OF_MAIL}/additions-of-several", data={"jobs": '{"name":"x"}', "confirmed": "yes"})
    assert "read-only" in answer.text
