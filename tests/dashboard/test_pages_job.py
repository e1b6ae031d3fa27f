"""A job's page: how it stands, how it came there, what it carries, and what can be done about it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from core.job import Children, Job, Payload, Relative
from core.model import QueueId, State
from core.settings import Settings
from tests.dashboard.browsing import BASE, Page, browser, page
from tests.dashboard.fixed_herd import MAIL, FixedHerd, job, now, payload, queue, small_company

VIDEO = QueueId("default", "bull", "video")
TRACE = "Error: no\n    at send (/app/mail.ts:1)\n    at run (node:internal/x)"


def of(made: Job) -> Page:
    """The page of that one job."""
    herd = FixedHerd((queue("mail"), queue("video")), [made], log_lines=tuple(f"line {i}" for i in range(500)))
    return page(browser(herd), f"/queues/default/bull/mail/jobs/{made.row.id}")


def failed(**rest: Any) -> Job:
    at = now()
    words = {"attempts_made": 3, "attempts": 3, "processed_on": at - 181_200, "finished_on": at - 180_000}
    return job(MAIL, "771", State.FAILED, failed_reason=payload("ECONNRESET"), **{**words, **rest})


def test_a_failed_job_says_when_after_how_many_attempts_and_why() -> None:
    words = of(failed()).words
    assert "failed 3 min ago , after 3 attempts ECONNRESET" in words


def test_the_timeline_tells_what_lay_between_the_moments() -> None:
    words = of(failed(timestamp=now() - 200_000)).words
    assert re.search(
        r"added \S+ 3 min ago 1\d s, with 2 earlier attempts attempt 3 started .* ran 1\.2 s failed", words
    )


def test_an_active_job_says_for_how_long_and_where_it_is() -> None:
    made = job(
        MAIL,
        "1",
        State.ACTIVE,
        processed_on=now() - 12 * 60_000,
        attempts=5,
        worker="w-3",
        lock=24_000,
        progress=Payload("{}", 2, value={"percent": 33.33, "currentOperation": "compressing"}, is_json=True),
    )
    shown = of(made)
    assert "active for 12 min , attempt 1 of 5" in shown.words
    assert "33 % compressing" in shown.words
    assert shown.one("progress").attributes["value"] == "33.33"
    assert "worker w-3 locked for another 24 s" in shown.words
    assert "running for 12 min" in shown.words


def test_an_active_job_without_a_lock_is_suspicious() -> None:
    assert "nobody holds its lock: its worker may have died" in of(job(MAIL, "1", State.ACTIVE)).words


def test_a_retry_that_is_still_to_come_shows_when_by_its_delayed_score() -> None:
    made = job(
        MAIL,
        "1",
        State.DELAYED,
        attempts_made=1,
        attempts=5,
        timestamp=now() - 20_000,
        processed_on=now() - 9000,
        due_at=now() + 10_500,
        failed_reason=payload("429"),
    )
    words = of(made).words
    assert "delayed in 10 s , for attempt 2 of 5" in words
    assert "backs off attempt 2 due" in words
    assert "Last error Copy 429" in words


def test_a_completed_job_says_how_long_it_took_and_shows_its_result() -> None:
    made = job(
        MAIL,
        "1",
        State.COMPLETED,
        processed_on=now() - 62_340,
        finished_on=now() - 62_000,
        returnvalue=payload('{"messageId":"<a@b>"}', value={}, is_json=True),
    )
    words = of(made).words
    assert "completed 62 s ago , in 340 ms" in words
    assert 'Result 21 B Copy { "messageId" : "<a@b>" }' in words


def test_data_are_laid_out_without_changing_a_digit() -> None:
    text = '{"price":1.10,"id":9007199254740993123}'
    shown = of(failed(data=payload(text, value=json.loads(text), is_json=True)))
    assert '{ "price" : 1.10, "id" : 9007199254740993123}' in shown.words


def test_a_payload_that_is_cut_says_its_true_size_and_where_the_whole_is() -> None:
    shown = of(failed(data=Payload('{"a":"' + "x" * 1000, 10_000_000, cut=True)))
    assert "Cut here: it is 9.5 MB in all." in shown.words
    assert shown.all("a", href=f"{BASE}/api/queues/default/bull/mail/jobs/771")


def test_own_frames_come_first_and_the_last_attempt_is_open() -> None:
    shown = of(failed(stacktrace=("Error: first", TRACE)))
    assert "last attempt: Error: no Error: no at send (/app/mail.ts:1) 1 frame of libraries and Node" in shown.words
    assert "1 earlier attempt attempt 1: Error: first" in shown.words
    assert ["open" in e.attributes for e in shown.all("details", class_="trace")] == [True, False]


def test_options_without_effect_are_marked() -> None:
    made = failed(opts=payload('{"limiter":{"max":1}}', is_json=True), ineffective=(("limiter", "BullMQ ignores it."),))
    assert "limiter has no effect: BullMQ ignores it." in of(made).words


def test_the_family_is_linked_where_its_queues_are_known() -> None:
    made = job(
        MAIL,
        "1",
        State.WAITING_CHILDREN,
        parent=Relative("bull:video:12", "12", VIDEO),
        children=Children(
            2, 3, 0, 1, (Relative("bull:video:5", "5", VIDEO, "failed", "no"), Relative("x:y:z", "z", None))
        ),
    )
    shown = of(made)
    assert "waiting-children 2 of 6 children to come" in shown.words
    assert shown.all("a", href=f"{BASE}/queues/default/bull/video/jobs/12")
    assert shown.all("a", href=f"{BASE}/queues/default/bull/video/jobs/5")
    assert "x:y:z" in shown.words
    assert "and 4 more" in shown.words


def test_the_last_log_lines_are_shown_and_the_earlier_ones_linked() -> None:
    shown = of(failed(logs=500))
    assert "500 lines, 301 to 500 here" in shown.words
    assert "line 499" in shown.words
    assert "line 300 " in shown.words
    assert "line 299 " not in shown.words
    assert shown.all("a", href=f"{BASE}/queues/default/bull/mail/jobs/771?logs=100#logs")


def test_only_legal_actions_have_buttons_and_those_that_one_would_look_for_say_why_not() -> None:
    shown = of(failed())
    actions = [e.attributes["action"].rpartition("/")[2] for e in shown.all("form", method="post")]
    assert actions == ["retries", "duplicates", "removals"]
    assert "Promote" not in shown.words
    active = page(browser(small_company()), "/queues/default/bull/mail/jobs/2")
    assert "Remove is not possible: It is active." in active.words
    assert "Retry is not possible" not in active.words


def test_read_only_is_said_once() -> None:
    herd = small_company(settings=Settings(read_only=True))
    shown = page(browser(herd), "/queues/default/bull/mail/jobs/3")
    assert shown.all("form", method="post") == []
    assert "This Tickbird is read-only" in shown.words


def test_the_rest_of_the_hash_is_there_as_it_stands() -> None:
    shown = of(failed(fields={"pk": payload("a\nb"), "other": Payload("x", 5000, cut=True)}))
    assert "2 fields of its hash, as they stand pk a b other x… (4.9 KB)" in shown.words


@pytest.mark.parametrize("id", ["a/b", "~", "100%", "é ü", "..", "?x=1#y"])
def test_every_id_has_a_page(id: str) -> None:
    herd = FixedHerd((queue("mail"),), [job(MAIL, id)])
    client = browser(herd)
    listed = page(client, "/queues/default/bull/mail?state=waiting")
    address = listed.one("a", class_="open").attributes["href"]
    assert id in Page(client.get(address).text).words


def test_a_job_that_is_not_there_is_not_found() -> None:
    response = browser(small_company()).get(f"{BASE}/queues/default/bull/mail/jobs/999")
    assert response.status_code == 404
    assert "There is no job '999' in 'mail' any more." in Page(response.text).words
