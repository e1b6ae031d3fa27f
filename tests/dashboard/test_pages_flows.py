"""The pages of flows: what holds one back stands first, thousands of children are paged, and nothing goes unasked."""

from __future__ import annotations

from core.flows.flow import Left
from core.job import Children
from core.model import State
from core.redis_settings import RedisSettings
from core.settings import Settings
from dashboard.urls import job_page
from tests.dashboard.browsing import BASE, Page, browser, page, stream_of
from tests.dashboard.fixed_flows import FixedFlows
from tests.dashboard.fixed_herd import MAIL, FixedHerd, job, queue, small_company

FLOW = "/queues/default/bull/mail/jobs/3/flow"


def flows_of(herd: FixedHerd) -> FixedFlows:
    assert isinstance(herd.flows, FixedFlows)
    return herd.flows


def test_the_page_of_a_flow_says_what_holds_it_back_and_leads_there() -> None:
    shown = page(browser(small_company()), FLOW)
    assert "What holds it back" in shown.words
    assert "Looked at 3 of 9 unfinished jobs." in shown.words
    targets = [link.attributes["href"] for link in shown.all("a")]
    assert f"{BASE}/queues/default/bull/mail" in targets
    assert f"{BASE}/queues/default/bull/mail/jobs/4" in targets


def test_each_job_stands_with_its_state_and_what_is_unknown_is_called_so() -> None:
    shown = page(browser(small_company()), FLOW)
    for word in ("active", "delayed", "completed", "not known", "gone", "failed its parent", "its failure was ignored"):
        assert word in shown.words, word


def test_children_are_paged_by_links_that_work_without_scripts() -> None:
    herd = small_company()
    flows_of(herd).page = 2
    client = browser(herd)
    first = page(client, FLOW)
    (following,) = [link for link in first.all("a") if link.attributes.get("rel") == "next"]
    address = following.attributes["href"].removeprefix(BASE).partition("#")[0]
    second = page(client, address)
    assert "First page" in second.words
    assert "cursor%3D" in stream_of(second)
    assert client.get(f"{BASE}{FLOW}?cursor=x").status_code == 400


def test_the_page_lives_on_and_a_flow_that_is_gone_leaves_it_standing() -> None:
    herd = small_company()
    client = browser(herd)
    stream = stream_of(page(client, FLOW)).partition("since=")[0] + "since="
    assert 'id="tree"' in client.get(stream).text
    herd.contents = [job for job in herd.contents if job.row.id != "3"]
    other = client.get(stream.replace("%2F3%2Fflow", "%2F4%2Fflow")).text
    assert 'id="holding"' in other


def test_what_failed_is_retried_by_one_button_and_the_page_says_what_was_done() -> None:
    herd = small_company()
    client = browser(herd)
    assert page(client, FLOW).all("form", action=f"{BASE}{FLOW}-retries")
    answer = client.post(f"{BASE}{FLOW}-retries", data={})
    assert (answer.status_code, answer.headers["location"]) == (303, BASE + FLOW)
    assert "retry_failed_leaves was done." in page(client, FLOW).words
    assert flows_of(herd).acts == [("retry_failed_leaves", "3")]


def test_a_removal_is_asked_about_with_what_would_go_and_done_only_then() -> None:
    herd = small_company()
    flows_of(herd).running = 2
    client, target = browser(herd), job_page(BASE, MAIL, "3") + "/flow-removals"
    asked = Page(client.post(target, data={}).text)
    assert "At least 5 jobs would go" in asked.words
    assert "2 of them are being run by workers now" in asked.words
    assert asked.one("input", name="confirmed").attributes["value"] == "yes"
    assert flows_of(herd).acts == []
    client.post(target, data={"confirmed": "yes"})
    assert "being run by workers now" in page(client, FLOW).words
    answer = client.post(target, data={"confirmed": "yes", "rest": "yes"})
    assert answer.headers["location"] == f"{BASE}/queues/default/bull/mail"
    assert flows_of(herd).acts == [("remove_flow", "3")]


def test_what_was_left_alone_is_told_and_why() -> None:
    herd = small_company()
    flows_of(herd).left = (Left(MAIL, "4", "A worker runs it."),)
    client, target = browser(herd), job_page(BASE, MAIL, "3") + "/child-removals"
    assert "Those that a worker runs stay" in Page(client.post(target, data={}).text).words
    client.post(target, data={"confirmed": "yes"})
    assert "mail 4: A worker runs it." in page(client, FLOW).words


def test_who_may_only_read_is_offered_nothing_and_can_do_nothing() -> None:
    settings = Settings(redis=(RedisSettings("default", "redis://d"),), read_only=True)
    herd = small_company(settings=settings)
    shown = page(browser(herd), FLOW)
    assert not shown.all("form", method="post")


def test_flows_in_flight_are_listed_over_all_queues_with_what_holds_each_back() -> None:
    jobs = [job(MAIL, f"w{number}", State.WAITING_CHILDREN, name=f"report {number}") for number in range(70)]
    client = browser(FixedHerd((queue("mail"),), jobs))
    shown = page(client, "/flows")
    assert shown.html.count("<tr>") == 1 + 50
    assert "1 queue is of Bull, which has no flows." in shown.words
    assert shown.row("report 1 ").startswith("report 1")
    (following,) = [link for link in shown.all("a") if link.attributes.get("rel") == "next"]
    assert page(client, following.attributes["href"].removeprefix(BASE)).html.count("<tr>") == 1 + 20
    assert "part of a larger one" in shown.words
    assert 'id="flights"' in client.get(stream_of(shown).partition("since=")[0] + "since=").text


def test_without_flows_the_page_says_what_would_stand_there() -> None:
    assert "No flow is in flight." in page(browser(small_company()), "/flows").words
    away = page(browser(small_company(down=("b",))), "/flows").words
    assert "b cannot be reached." in away
    assert "No flow is in flight." not in away


def test_a_job_with_a_family_leads_to_its_flow() -> None:
    herd = FixedHerd((queue("mail"),), (job(MAIL, "7", children=Children(2, 3)),))
    shown = page(browser(herd), "/queues/default/bull/mail/jobs/7")
    assert shown.all("a", href=f"{BASE}/queues/default/bull/mail/jobs/7/flow")
