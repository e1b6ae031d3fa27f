"""The errors page: like failures together, numbers that open what they count, and why they are one group."""

from __future__ import annotations

import json
import re
from dataclasses import replace

from starlette.testclient import TestClient

from core.job import Job, Payload
from core.model import QueueId, State
from dashboard.urls import failure_page, queue_page
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
    client = browser(company())
    shown = page(client, "/errors")
    row = next(row for row in re.findall(r"<tr>.*?</tr>", shown.html, re.DOTALL) if "not a function" in row)
    targets = [link.attributes["href"] for link in Page(row).all("a")]
    assert [re.findall(r"within=(\w+)", target) for target in targets] == [
        [],
        ["5m"],
        ["1h"],
        ["6h"],
        ["24h"],
        ["7d"],
        [],
    ]
    opens = page(client, targets[1].removeprefix(BASE).partition("#")[0])
    assert "Jobs of the last 5 min 1 of 2" in opens.words
    assert ("mail #1" in opens.words, "mail #2" in opens.words) == (True, False)


def test_the_jobs_of_a_group_over_several_queues_are_one_list_in_pages() -> None:
    many = [failed(f"m{n}", "ECONNRESET 10.0.0.4:443", minutes=n) for n in range(30)]
    many += [failed(f"p{n}", "ECONNRESET 10.0.0.4:443", of=PUSH, minutes=n) for n in range(30)]
    client = browser(FixedHerd((queue("mail"), queue("push")), many))
    shown = page(client, opened(client, "ECONNRESET") + "?within=1h")
    ids = re.findall(r"#([mp]\d+)<", shown.html)
    assert len(ids) == 50
    older = next(a.attributes["href"] for a in shown.all("a") if "start=" in a.attributes["href"])
    rest = re.findall(r"#([mp]\d+)<", page(client, older.removeprefix(BASE).partition("#")[0]).html)
    assert sorted({*ids, *rest}) == sorted(job.row.id for job in many)
    assert shown.row("push") == "push default 30 jobs"


def opened(client: TestClient, words: str) -> str:
    """The page of the group of which the list says so."""
    links = re.findall(r'<a class="open" href="([^"]*)">([^<]*)</a>', page(client, "/errors").html)
    chosen: str = next(href for href, title in links if words in title)
    return chosen.removeprefix(BASE)


def test_a_group_says_why_it_is_one_and_shows_the_newest_stack_in_own_frames() -> None:
    client = browser(company())
    shown = page(client, opened(client, "not a function"))
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
    assert "were removed" in Page(answer.text).words


def test_the_page_stays_up_to_date() -> None:
    herd = company()
    app = application(herd)
    client = browser(herd, app)
    shown = page(client, "/errors")
    app.state.desk.shared.forget(lambda _: True)
    herd.contents = [*herd.contents, failed("7", "yet another")]
    news = client.get(re.sub(r"since=.*", "since=", stream_of(shown))).text
    assert "yet another" in news


def test_a_group_whose_jobs_were_retried_stays_with_its_evidence_and_says_so() -> None:
    herd = company()
    app = application(herd)
    client = browser(herd, app)
    group = opened(client, "not a function")
    herd.contents = [job for job in herd.contents if job.row.id not in "12"]
    app.state.desk.shared.forget(lambda _: True)
    shown = page(client, group)
    assert "No job of it is failed any more; 2 more have been retried or removed" in shown.words
    row = next(r for r in re.findall(r"<tr>.*?</tr>", page(client, "/errors").html, re.DOTALL) if "not a function" in r)
    assert "0 +2" in Page(row).words


def test_what_is_resolved_leaves_the_open_ones_says_why_and_can_be_opened_again() -> None:
    client = browser(company())
    group = opened(client, "not a function")
    answer = client.post(BASE + group + "/resolutions", data={"why": "fixed in 1.4"}, follow_redirects=True)
    assert "It is resolved" in Page(answer.text).words
    assert "“fixed in 1.4”" in page(client, group).words
    assert "not a function" not in page(client, "/errors").words
    assert "not a function" in page(client, "/errors?show=resolved").words
    client.post(BASE + group + "/reopenings")
    assert "not a function" in page(client, "/errors").words


def test_what_is_ignored_says_until_when_and_one_must_say_it() -> None:
    client = browser(company())
    group = opened(client, "ECONNRESET")
    refused = client.post(BASE + group + "/ignorings", data={"why": "known"}, follow_redirects=True)
    assert "Say for how long" in Page(refused.text).words
    client.post(BASE + group + "/ignorings", data={"span": "2", "unit": "h", "rate": "500", "why": "known"})
    shown = page(client, "/errors?show=ignored").words
    assert "Ignored" in shown
    assert "until 500 an hour" in shown


def test_a_read_only_tickbird_decides_nothing() -> None:
    herd = company()
    herd.settings = replace(herd.settings, read_only=True)
    client = browser(herd)
    group = opened(client, "ECONNRESET")
    assert "Resolve" not in page(client, group).words
    answer = client.post(BASE + group + "/resolutions", follow_redirects=True)
    assert "so nothing is decided here" in Page(answer.text).words


def test_retrying_all_of_a_group_posts_its_query_and_its_queues() -> None:
    client = browser(company())
    group = opened(client, "ECONNRESET")
    html = page(client, group).html
    form = html[html.index(f'action="{BASE}/operations"') :]
    fields = re.findall(r'name="(\w+)" value="([^"]*)"', form[: form.index("</form>")])
    assert ("q", f"group:{group.rpartition('/')[2]}") in fields
    assert [value for name, value in fields if name == "queue"] == [queue_page(BASE, PUSH), queue_page(BASE, MAIL)]


def test_a_failed_job_stands_beside_the_newest_that_completed_with_the_differences() -> None:
    herd = company()
    done = [
        job(MAIL, f"c{n}", State.COMPLETED, name=name, finished_on=now() - 9000 + n, data=data('{"to":"ada","n":1}'))
        for n, name in enumerate(("send", "send", "other"))
    ]
    failing = replace(herd.contents[0], data=data('{"to":"eve","n":1}'), opts=data('{"attempts":3}'))
    herd.contents = [failing, *herd.contents[1:], *done]
    client = browser(herd)
    shown = page(client, opened(client, "not a function") + "/comparison")
    assert "Completed #c1" in shown.words
    gone, new = (re.findall(rf"<{tag}[^>]*>([^<]*)", shown.html) for tag in ("del", "ins"))
    assert "&#34;to&#34;: &#34;ada&#34;" in gone[0]
    assert "&#34;to&#34;: &#34;eve&#34;" in new[0]


def test_without_a_completed_one_the_comparison_says_how_far_it_looked() -> None:
    client = browser(company())
    shown = page(client, opened(client, "not a function") + "/comparison")
    assert "No completed job of that name was found. Searched 0 of 0 jobs." in shown.words


def data(text: str) -> Payload:
    return payload(text, value=json.loads(text), is_json=True)
