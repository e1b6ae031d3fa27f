"""The workers page: the worst first, what a filter finds, and how a job's own page tells of its lock."""

from __future__ import annotations

import re
from dataclasses import replace
from urllib.parse import urlencode

from core.model import Health, QueueId, State, Verdict, Workers
from core.workers.crew import Condition, Vanished
from dashboard.urls import job_page, queue_page
from tests.dashboard.browsing import BASE, Page, application, browser, page, stream_of
from tests.dashboard.fixed_herd import MAIL, FixedHerd, job, now, queue
from tests.dashboard.fixed_workers import FixedWorkers

VIDEO = QueueId("default", "bull", "video")


def company() -> FixedHerd:
    at = now()
    jobs = (
        job(MAIL, "2", State.ACTIVE, processed_on=at - 500, worker="anna"),
        job(VIDEO, "v", State.ACTIVE, processed_on=at - 5_000, timeout=1_000, past_timeout=True),
    )
    lost = Verdict(Health.UNATTENDED, "7 jobs wait and no worker is connected.", needs_attention=True)
    return FixedHerd((queue("mail"), queue("video"), queue("billing", verdict=lost)), jobs)


def workers_of(herd: FixedHerd) -> FixedWorkers:
    assert isinstance(herd.workers, FixedWorkers)
    return herd.workers


def test_workers_and_their_jobs_are_shown_with_links() -> None:
    shown = page(browser(company()), "/workers")
    assert "2 workers of 2 queues" in shown.words
    assert shown.words.count("10.0.0.3:4711") == 2
    hrefs = {link.attributes["href"] for link in shown.all("a")}
    assert job_page(BASE, MAIL, "2") in hrefs
    assert queue_page(BASE, MAIL) in hrefs


def test_what_is_wrong_comes_with_its_evidence() -> None:
    herd = company()
    workers_of(herd).conditions["2"] = Condition.DEAD
    shown = page(browser(herd), "/workers")
    assert "1 job in trouble" in shown.words
    assert shown.row("not connected").startswith("dead send 2 mail")
    assert "past its timeout" in shown.row("video in")


def test_only_trouble_is_shown_where_that_is_asked() -> None:
    herd = company()
    workers_of(herd).conditions["2"] = Condition.HUNG
    words = page(browser(herd), "/workers?show=trouble").words
    assert "hung" in words
    assert "beating" not in words


def test_queues_that_nobody_serves_are_named() -> None:
    assert "billing 7 jobs wait and no worker is connected" in page(browser(company()), "/workers").words


def test_who_vanished_is_told_with_the_jobs_that_were_held() -> None:
    herd = company()
    at = now()
    gone = Vanished("default", MAIL, "bull:mail", "anna", "10.0.0.9:1", at - 60_000, at, at, ("2",), sure=True, left=1)
    workers_of(herd).gone = (gone, replace(gone, name="bert", sure=False, left=0))
    words = page(browser(herd), "/workers").words
    assert "anna of mail at 10.0.0.9:1" in words
    assert "It held 2 1 still active" in words
    assert "Perhaps its own: 2 none of them is left as it was" in words


def test_a_filter_and_a_queue_narrow_the_page() -> None:
    client = browser(company())
    found = page(client, "/workers?filter=VIDEO").words
    assert "1 worker" in page(client, f"/workers?{urlencode({'queue': queue_page(BASE, VIDEO)})}").words
    assert "send v" in found
    assert "send 2" not in found
    assert "No active job fits" in page(client, "/workers?filter=nobody").words


def test_a_queues_page_leads_to_its_workers() -> None:
    client = browser(FixedHerd((queue("mail", workers=Workers(3, 1)),)))
    link = next(a for a in page(client, "/queues/default/bull/mail").all("a") if "/workers?" in a.attributes["href"])
    assert "Workers of mail" in page(client, link.attributes["href"].removeprefix(BASE)).words


def test_a_job_tells_of_its_lock_and_of_its_timeout() -> None:
    herd = company()
    workers_of(herd).conditions["v"] = Condition.BLOCKED
    shown = page(browser(herd), job_page("", VIDEO, "v"))
    assert "blocked" in shown.words
    assert "past its timeout of 1.0 s" in shown.words


def test_a_row_of_active_jobs_is_marked_past_its_timeout() -> None:
    shown = page(browser(company()), f"{queue_page('', VIDEO)}?state=active")
    assert "past its timeout" in shown.words


def test_an_instance_that_is_away_says_so_and_the_page_stays_up() -> None:
    herd = company()
    herd.down = ("default",)
    shown = page(browser(herd), "/workers")
    assert "default cannot be reached." in shown.words
    assert "0 workers" not in shown.words


def test_the_page_lives_on() -> None:
    herd = company()
    app = application(herd)
    client = browser(herd, app)
    shown = page(client, "/workers")
    workers_of(herd).conditions["2"] = Condition.DEAD
    app.state.desk.shared.forget(lambda _: True)
    news = Page(client.get(re.sub(r"since=.*", "since=", stream_of(shown))).text).words
    assert "1 job in trouble" in news


def test_without_workers_the_page_says_what_it_would_show() -> None:
    assert "No worker is connected" in page(browser(FixedHerd((queue("mail"),))), "/workers").words


def test_a_queue_that_is_none_is_refused() -> None:
    assert browser(company()).get(f"{BASE}/workers?queue=nonsense").status_code == 400
