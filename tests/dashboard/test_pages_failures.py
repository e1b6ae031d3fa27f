"""The errors page: like failures together, numbers that open what they count, and why they are one group."""

from __future__ import annotations

import re
from urllib.parse import unquote

from core.job import Job
from core.model import QueueId, State
from dashboard.urls import failure_page
from tests.dashboard.browsing import BASE, Page, application, browser, page, stream_of
from tests.dashboard.fixed_failures import FixedFailures
from tests.dashboard.fixed_herd import FixedHerd, job, now, payload, queue

MAIL, PUSH = QueueId("default", "bull", "mail"), QueueId("default", "bull", "push")
STACK = "TypeError: x is not a function\n    at run (/app/node_modules/q/b.js:1:2)\n    at send (/app/src/mail.js:3:4)"


def failed(id: str, reason: str, *, of: QueueId = MAIL, minutes: int = 1, stack: str = "") -> Job:
    when = now() - minutes * 60_000
    said = {"failed_reason": payload(reason), "stacktrace": (stack,) if stack else ()}
    return job(of, id, State.FAILED, finished_on=when, **said)


def company() -> FixedHerd:
    jobs = (
        failed("1", "x is not a function", stack=STACK),
        failed("2", "x is not a function", minutes=30, stack=STACK.replace("3:4", "9:9")),
        failed("3", "Order 17 of ada@example.com not found", minutes=500),
        failed("4", "ECONNRESET 10.0.0.4:443"),
        failed("5", "ECONNRESET 10.0.0.9:443", of=PUSH),
        failed("6", "ECONNRESET 10.0.0.9:80", of=PUSH),
    )
    return FixedHerd((queue("mail"), queue("push")), jobs)


def test_like_failures_are_one_row_and_the_most_frequent_comes_first() -> None:
    shown = page(browser(company()), "/errors")
    rows = [Page(row).words for row in re.findall(r"<tbody>.*?</tbody>", shown.html, re.DOTALL)[0].split("</tr>")[:-1]]
    assert [row.split(" send")[0] for row in rows] == [
        "ECONNRESET <address>",
        "TypeError: x is not a function",
        "Order <number> of <email> not found",
    ]
    assert "2 queues" in rows[0]
    assert "send (src/mail.js) mail" in rows[1]


def test_a_number_opens_exactly_the_jobs_that_it_counts() -> None:
    shown = page(browser(company()), "/errors")
    row = next(row for row in re.findall(r"<tr>.*?</tr>", shown.html, re.DOTALL) if "not a function" in row)
    targets = [unquote(link.attributes["href"]) for link in Page(row).all("a")]
    assert [target.rpartition(" finished:")[2] for target in targets if "finished:" in target.replace("+", " ")]
    assert all("q=group:v1-" in target for target in targets[1:])
    assert "finished:5m" in targets[1]


def test_a_group_of_several_queues_opens_its_page_which_lists_each() -> None:
    herd = company()
    client = browser(herd)
    link = next(a for a in page(client, "/errors").all("a") if "/errors/" in a.attributes["href"])
    shown = page(client, link.attributes["href"].removeprefix(BASE))
    assert shown.row("push") == "push default 2 jobs"
    assert shown.row("mail") == "mail default 1 job"


def test_a_group_says_why_it_is_one_and_shows_the_newest_stack_in_own_frames() -> None:
    client = browser(company())
    links = [a.attributes["href"] for a in page(client, "/errors").all("a", **{"class": "open"})]
    shown = page(client, links[1].removeprefix(BASE))
    assert "kind of error TypeError" in shown.words
    assert "first frame of your code send (src/mail.js)" in shown.words
    assert "at send (/app/src/mail.js:3:4)" in shown.words
    assert "1 frame of libraries and Node" in shown.words


def test_what_is_not_read_yet_is_said() -> None:
    herd = company()
    assert isinstance(herd.failures, FixedFailures)
    herd.failures.unread = 94
    assert "Read the newest 6 of 100 failed jobs so far" in page(browser(herd), "/errors").words


def test_without_failures_the_page_says_what_it_would_show() -> None:
    assert "No failed jobs." in page(browser(FixedHerd((queue("mail"),))), "/errors").words


def test_a_group_that_is_gone_is_not_found() -> None:
    answer = browser(company()).get(failure_page(BASE, "v1-000000000000"))
    assert answer.status_code == 404
    assert "retried or removed" in Page(answer.text).words


def test_the_page_stays_up_to_date_and_says_so_when_the_group_is_empty() -> None:
    herd = company()
    app = application(herd)
    client = browser(herd, app)
    shown = page(client, "/errors")
    app.state.desk.shared.forget(lambda _: True)
    herd.contents = [job for job in herd.contents if job.row.id == "3"]
    news = client.get(re.sub(r"since=.*", "since=", stream_of(shown))).text
    assert "not found" in news
    assert "ECONNRESET" not in news
