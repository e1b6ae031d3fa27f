"""The form that moves a job to another queue: where it leads, what it refuses, and what it says of one on its way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from core.operations.request import Action
from core.settings import Settings
from tests.dashboard.browsing import BASE, Page, browser, page
from tests.dashboard.fixed_herd import MAIL, FixedHerd, payload, small_company
from tests.dashboard.test_pages_operations import asked, newest

PATH = "/queues/default/bull/mail"


def sent(herd: FixedHerd, id: str, form: Mapping[str, str]) -> Page:
    """The page that follows."""
    client = browser(herd)
    response = client.post(f"{BASE}{PATH}/jobs/{id}/moves", data=dict(form))
    assert response.status_code == 303, response.text
    return Page(client.get(response.headers["location"]).text)


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"to": "video"}, "5 is in video now."),
        ({"to": " bull:video ", "seen": "completed", "again": "yes"}, "5 is in video now, again."),
    ],
)
def test_its_page_in_the_other_queue_follows(form: Mapping[str, str], said: str) -> None:
    shown = sent(small_company(), "5", form)
    assert said in shown.words
    assert "moved-5" in shown.words


@pytest.mark.parametrize(
    ("id", "form", "why"),
    [
        ("3", {"to": "vidio"}, "There is no queue called 'vidio'"),
        ("3", {}, "There is no queue called ''"),
        ("2", {"to": "video"}, "cannot be moved"),
        ("5", {"to": "video", "seen": "waiting"}, "is completed meanwhile"),
    ],
)
def test_a_refusal_is_said_where_the_form_is(id: str, form: Mapping[str, str], why: str) -> None:
    shown = sent(small_company(), id, form)
    assert why in shown.words
    assert "Change this job" in shown.words


def test_the_queues_of_the_same_redis_are_suggested() -> None:
    shown = page(browser(small_company()), f"{PATH}/jobs/5/change")
    assert [option.attributes["value"] for option in shown.all("option")] == ["video"]


def test_a_job_on_its_way_says_so_where_it_is_gone_on_with() -> None:
    herd = small_company()
    stuck = next(job for job in herd.contents if job.row.id == "5")
    herd.contents = [replace(stuck, fields={"movingTo": payload('["bull","video","moved-1",1]')})]
    shown = page(browser(herd), f"{PATH}/jobs/5/change")
    assert "on its way to bull:video" in shown.words
    assert shown.one("input", name="to").attributes["value"] == "bull:video"


def test_a_read_only_tickbird_moves_nothing() -> None:
    herd = small_company(settings=Settings(read_only=True))
    assert "This Tickbird is read-only" in sent(herd, "5", {"to": "video"}).words
    assert browser(herd).get(f"{BASE}{PATH}/jobs/5/moves").status_code in (404, 405)


def test_many_move_by_a_form_that_asks_first_and_knows_where_they_go() -> None:
    herd = small_company()
    client = browser(herd)
    manage = page(client, f"{PATH}/manage")
    assert manage.one("input", name="to").attributes["list"] == "queues"
    assert manage.one("form", id="bulk-move")
    said = {"action": "move", "queue": f"{BASE}{PATH}", "state": "failed", "to": "video", "q": "reason:no"}
    shown = asked(client, said)
    request = newest(herd).request
    assert (request.action, request.options.to) == (Action.MOVE, replace(MAIL, name="video"))
    assert "They go to bull:video." in shown.words
    assert "Move 1 failed job of mail?" in shown.words
    again = {each.attributes["name"]: each.attributes["value"] for each in shown.all("input", type="hidden")}
    assert (again["to"], again["q"]) == ("bull:video", "reason:no")


@pytest.mark.parametrize("to", ["", "vidio"])
def test_many_do_not_move_to_a_queue_that_is_not_there(to: str) -> None:
    said = {"action": "move", "queue": f"{BASE}{PATH}", "state": "failed", "to": to}
    assert f"There is no queue called '{to}'" in asked(browser(small_company()), said).words
