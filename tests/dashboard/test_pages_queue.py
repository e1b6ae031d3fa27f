"""A queue's page: its head, its hour, its tabs, and the list of jobs."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from core.history import History, Minute
from core.job import Job
from core.model import Health, Identity, Limits, State, Verdict, Workers
from core.settings import Settings
from tests.dashboard.browsing import BASE, Page, browser, page
from tests.dashboard.fixed_herd import BULLMQ_6, MAIL, FixedHerd, job, now, payload, queue, small_company

OF_MAIL = "/queues/default/bull/mail"


def mail(*jobs: Job, **rest: Any) -> FixedHerd:
    return FixedHerd((queue("mail", **rest),), jobs)


def failures(number: int) -> list[Job]:
    return [job(MAIL, f"f{i}", State.FAILED, failed_reason=payload("ECONNRESET")) for i in range(number)]


def ids(shown: Page) -> list[str]:
    return [Page(id).words for id in re.findall(r'<a class="open mono"[^>]*>[^<]*', shown.html)]


def test_the_head_says_who_the_queue_is_and_what_holds_it_back() -> None:
    herd = mail(
        workers=Workers(3, 2, ("w",)),
        limits=Limits(concurrency=20, rate_max=100, rate_duration=1000, limited_for=41_000),
        verdict=Verdict(Health.RUNNING, "Rate limited for another 41 s.", needs_attention=False),
    )
    words = page(browser(herd), OF_MAIL).words
    assert "mail running Pause bullmq 6.7 3 workers , 2 free at most 100 per 1.0 s" in words
    assert "rate limited for another 41 s at most 20 at once" in words


def test_the_tabs_have_the_states_of_the_library_with_their_counts() -> None:
    shown = page(browser(small_company()), OF_MAIL)
    assert "waiting 1 prioritized 0 active 1 delayed 1 waiting-children 0 completed 2 failed 1" in shown.words
    assert "paused 0" not in shown.words


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("waiting", "Id Name About Added Tries Took Note 1 1 send 60 s"),
        ("active", "Started Tries Took Progress 2 2 send 0 s 33 %"),
        ("failed", "Failed Tries Took Reason 3 3 send 2 s 3/3 500 ms ECONNRESET"),
        ("delayed", "Added Tries Due Last failure 4 4 send 60 s in 4 s"),
        ("completed", "Completed Tries Took Note 6 6 send 1 s 300 ms"),
    ],
)
def test_a_row_has_the_columns_of_its_state(state: str, words: str) -> None:
    assert words in page(browser(small_company()), f"{OF_MAIL}?state={state}").words


@pytest.mark.parametrize(
    ("verdict", "counts", "state"),
    [
        (Verdict(Health.FAILING, "x", needs_attention=True), {State.FAILED: 2, State.ACTIVE: 1}, "failed"),
        (
            Verdict(Health.UNATTENDED, "x", needs_attention=True),
            {State.WAITING: 1, State.PRIORITIZED: 5},
            "prioritized",
        ),
        (Verdict(Health.RUNNING, "", needs_attention=False), {State.WAITING: 9, State.ACTIVE: 1}, "active"),
        (Verdict(Health.IDLE, "", needs_attention=False), {State.COMPLETED: 9}, "completed"),
        (Verdict(Health.IDLE, "", needs_attention=False), {}, "waiting"),
    ],
)
def test_without_a_state_the_list_is_the_one_that_answers_whether_anything_is_wrong(
    verdict: Verdict, counts: dict[State, int], state: str
) -> None:
    herd = mail(verdict=verdict, counts={**dict.fromkeys(State, 0), **counts})
    assert f"mail / {state}" in page(browser(herd), OF_MAIL).words


def test_pages_go_on_where_the_one_before_ended() -> None:
    client = browser(mail(*failures(60)))
    first = page(client, f"{OF_MAIL}?state=failed&size=25")
    assert ids(first)[0] == "f59"
    assert "25 of 60 jobs" in first.words
    second = Page(client.get(first.one("a", rel="next").attributes["href"]).text)
    assert ids(second) == [f"f{i}" for i in range(34, 9, -1)]
    assert "First page" in second.words


def test_order_and_size_are_part_of_the_address_and_survive_a_change_of_tab() -> None:
    shown = page(browser(mail(*failures(3))), f"{OF_MAIL}?state=failed&order=oldest&size=100")
    assert ids(shown) == ["f0", "f1", "f2"]
    assert shown.all("a", href=f"{BASE}{OF_MAIL}?state=completed&order=oldest&size=100")


def test_what_makes_no_sense_in_an_address_is_as_it_usually_is() -> None:
    shown = page(browser(mail(*failures(3))), f"{OF_MAIL}?state=nonsense&order=up&size=7&cursor=")
    assert len(ids(shown)) == 3


def test_a_made_up_cursor_is_refused_with_a_sentence() -> None:
    response = browser(mail()).get(f"{BASE}{OF_MAIL}?state=failed&cursor=made-up")
    assert response.status_code == 400
    assert "is not a cursor" in Page(response.text).words


def test_what_is_offered_for_ticked_jobs_fits_their_state() -> None:
    client = browser(small_company())
    offered = {}
    for state in ("failed", "delayed", "waiting"):
        shown = page(client, f"{OF_MAIL}?state={state}")
        actions = [e.attributes["formaction"] for e in shown.all("button") if "formaction" in e.attributes]
        offered[state] = [action.rpartition("/")[2] for action in actions]
    assert offered == {
        "failed": ["retries", "removals"],
        "delayed": ["promotions", "removals"],
        "waiting": ["removals"],
    }


def test_read_only_and_doubt_take_the_buttons_away_and_say_why() -> None:
    read_only = page(browser(small_company(settings=Settings(read_only=True))), f"{OF_MAIL}?state=failed")
    assert read_only.all("button", formaction=f"{BASE}{OF_MAIL}/retries") == []
    assert "read-only: nothing can be done to jobs here" in read_only.words
    doubtful = replace(BULLMQ_6, doubt="Its keys look like two libraries at once.")
    shown = page(browser(mail(*failures(1), identity=doubtful)), f"{OF_MAIL}?state=failed")
    assert "Nothing can be done to these jobs here: Its keys look like two libraries at once." in shown.words


def test_the_hour_says_what_it_covers_and_is_a_table_as_well() -> None:
    minutes = tuple(Minute((i + 1) * 60_000, None if i < 9 else i, 0) for i in range(60))
    herd = mail()
    herd.past = History(minutes, 600_000, "Complete since 02:31.")
    shown = page(browser(herd), OF_MAIL)
    assert "1,734 completed 59/min 0 failed" in shown.words
    assert "Complete since 02:31. as a table" in shown.words
    assert shown.html.count('scope="row"') == 60


def test_an_empty_list_says_what_would_be_here_and_where_jobs_are() -> None:
    shown = page(browser(small_company()), f"{OF_MAIL}?state=prioritized")
    assert "No prioritized job. Jobs with a priority wait here, the most urgent first." in shown.words
    assert shown.all("a", href=f"{BASE}{OF_MAIL}?state=failed", class_="button")


def test_a_ghost_is_said_to_be_one() -> None:
    ghost = job(MAIL, "9", State.FAILED, missing=True, name=None, timestamp=None)
    assert (
        "its hash is gone from Redis, only the id is left here"
        in page(browser(mail(ghost)), f"{OF_MAIL}?state=failed").words
    )


def test_while_redis_is_away_the_page_answers_and_says_so() -> None:
    herd = small_company(down=("default",))
    shown = page(browser(herd), OF_MAIL)
    assert "mail stale" in shown.words
    assert "Redis default cannot be reached: connection refused." in shown.words
    assert "Pause" not in shown.words


def test_a_queue_that_is_not_there_is_not_found() -> None:
    response = browser(mail()).get(f"{BASE}/queues/default/bull/nope")
    assert response.status_code == 404
    assert "There is no queue 'nope'" in Page(response.text).words


def test_the_field_opens_a_job_by_its_id_whatever_that_holds() -> None:
    client = browser(mail())
    response = client.get(f"{BASE}{OF_MAIL}/jobs", params={"id": " a/b ~%é "})
    assert response.status_code == 303
    assert response.headers["location"] == f"{BASE}{OF_MAIL}/jobs/a~1b%20~0%25%C3%A9"
    assert client.get(f"{BASE}{OF_MAIL}/jobs").headers["location"] == BASE + OF_MAIL


def test_a_hundred_failed_jobs_with_a_megabyte_each_are_a_small_page() -> None:
    reason = "connect ETIMEDOUT 52.1.9.3:443 after 30000 ms while talking to the template renderer " * 5
    about = (("to", "ada.lovelace@example.com"), ("invoiceId", "4411"), ("tenant", "acme"))
    jobs = [
        job(
            MAIL,
            f"8f3a22c1-4f0e-4f0e-9a1c-{i:012}",
            State.FAILED,
            failed_reason=payload(reason[:400]),
            about=about,
            data_size=1_000_000,
            finished_on=now(),
            processed_on=now() - 1200,
        )
        for i in range(100)
    ]
    response = browser(mail(*jobs)).get(
        f"{BASE}{OF_MAIL}?state=failed&size=100", headers={"accept-encoding": "identity"}
    )
    assert response.text.count('<tr id="j') == 100
    assert len(response.content) < 300_000


def test_an_identity_without_a_version_still_has_a_name() -> None:
    identity = Identity(BULLMQ_6.dialect, None, ("a marker",))
    assert "bullmq 5+" in page(browser(mail(identity=identity)), OF_MAIL).words
