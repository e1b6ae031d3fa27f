"""The page of dead letters: what it says of each, what it asks for, and what it says of those sent back."""

from __future__ import annotations

import json
from typing import Any

from core.dead_letters.letter import Mark
from core.model import QueueId, State
from core.settings import Settings
from tests.dashboard.browsing import BASE, Page, browser, page
from tests.dashboard.fixed_dead_letters import FixedDeadLetters
from tests.dashboard.fixed_herd import FixedHerd, job, now, payload, queue

PATH = "/queues/default/bull/dead/dead-letters"
DEAD = QueueId("default", "bull", "dead")
TOLD = {"originalQueue": "mail", "originalJobId": "77", "jobName": "send", "jobData": {"n": 1}, "error": "ECONNRESET"}


def letter(id: str, data: Any, name: str = "gave-up", state: State = State.WAITING) -> Any:
    text = json.dumps(data)
    return job(DEAD, id, state, name=name, data=payload(text, value=data, is_json=True))


def graveyard(*letters: Any, **rest: Any) -> FixedHerd:
    return FixedHerd((queue("mail"), queue("dead")), letters, **rest)


def test_each_is_shown_as_the_job_that_it_was() -> None:
    shown = page(browser(graveyard(letter("1", {**TOLD, "attempts": 3, "failedAt": now() - 18_000_000}))), PATH)
    assert "send in mail #77" in shown.words
    assert "ECONNRESET 3 5 h by its fields" in shown.words
    assert shown.all("a", href=f"{BASE}/queues/default/bull/mail")
    assert shown.all("a", href=f"{BASE}/queues/default/bull/mail/jobs/77")
    assert shown.all("a", href=f"{BASE}/queues/default/bull/dead/jobs/1")
    assert not shown.all("input", name="to")


def test_what_is_not_recorded_is_asked_for() -> None:
    shown = page(browser(graveyard(letter("1", {"originalJob": {"to": "ada"}, "error": "x"}, "failed-send"))), PATH)
    assert "send? in a queue that is not recorded" in shown.words
    assert shown.one("input", name="name").attributes["value"] == "send"
    assert shown.one("input", name="to").attributes["value"] == ""


def test_a_suggestion_that_not_all_share_is_not_filled_in() -> None:
    herd = graveyard(
        letter("1", {"originalJob": {}, "error": "x"}, "failed-send"),
        letter("2", {"originalJob": {}, "error": "x"}, "failed-mail"),
    )
    assert page(browser(herd), PATH).one("input", name="name").attributes["value"] == ""


def test_a_job_that_is_no_dead_letter_is_shown_and_cannot_be_ticked() -> None:
    shown = page(browser(graveyard(letter("1", {"to": "ada"}))), PATH)
    assert "It does not say of which job it is what is left." in shown.words
    assert not shown.all("input", name="job")


def test_the_ticked_ones_go_back_and_what_became_of_each_is_said() -> None:
    herd = graveyard(letter("1", TOLD), letter("2", TOLD), letter("3", {"originalJob": 1, "error": "x"}, "x"))
    shown = Page(browser(herd).post(f"{BASE}{PATH}/returns", data={"job": ["1", "3"]}).text)
    assert "1 dead letter sent back" in shown.words
    assert "1 stayed as it was" in shown.words
    assert shown.all("a", href=f"{BASE}/queues/default/bull/mail/jobs/sent-back-1")
    assert sorted(each.row.id for each in herd.contents) == ["2", "3"]


def test_all_are_asked_about_before_they_go_back_with_what_was_said_in_the_form() -> None:
    herd = graveyard(letter("1", TOLD), letter("2", {"originalJob": {}, "error": "x"}, "x"))
    client = browser(herd)
    said = {"which": "all", "to": "mail", "name": "send", "keep": "yes"}
    asked = Page(client.post(f"{BASE}{PATH}/returns", data=said).text)
    assert "Send 2 dead letters of dead back?" in asked.words
    assert "Of the newest 2, 1 go to mail." in asked.words
    assert "The dead letters stay." in asked.words
    assert len(herd.contents) == 2
    kept = {e.attributes["name"]: e.attributes["value"] for e in asked.all("input", type="hidden")}
    assert kept == {**said, "confirmed": "yes"}
    done = Page(client.post(f"{BASE}{PATH}/returns", data=kept).text)
    assert "2 dead letters sent back" in done.words


def test_what_is_left_can_be_gone_on_with() -> None:
    herd = graveyard(*(letter(str(at), TOLD) for at in range(5)))
    assert isinstance(herd.dead_letters, FixedDeadLetters)
    herd.dead_letters.leaves = 2
    done = Page(browser(herd).post(f"{BASE}{PATH}/returns", data={"which": "all", "confirmed": "yes"}).text)
    assert "3 dead letters sent back" in done.words
    assert "2 dead letters left to look at." in done.words
    assert done.one("input", name="after").attributes["value"] == "waiting:1"


def test_one_that_was_sent_and_kept_says_when_and_as_what() -> None:
    herd = graveyard(letter("1", TOLD))
    assert isinstance(herd.dead_letters, FixedDeadLetters)
    herd.dead_letters.marks["1"] = Mark("default", "bull", "mail", "sent-back-1", now() - 120_000, done=True)
    shown = page(browser(herd), PATH)
    assert "sent back 2 min ago as sent-back-1" in shown.words


def test_nothing_ticked_and_an_unknown_queue_are_refused_in_a_sentence() -> None:
    client = browser(graveyard(letter("1", TOLD)))
    for form, why in (({}, "No dead letter is ticked."), ({"job": "1", "to": "nowhere"}, "There is no queue called")):
        response = client.post(f"{BASE}{PATH}/returns", data=form)
        assert response.status_code == 303
        assert why in Page(client.get(response.headers["location"]).text).words


def test_a_queue_without_any_says_what_one_would_look_like() -> None:
    shown = page(browser(graveyard()), PATH)
    assert "No waiting jobs here." in shown.words
    assert "Name yours in the setting" in shown.words


def test_read_only_offers_no_way_back() -> None:
    herd = graveyard(letter("1", TOLD), settings=Settings(read_only=True))
    shown = page(browser(herd), PATH)
    assert "read-only" in shown.words
    assert not shown.all("form", method="post") or not shown.all("button", name="which")


def test_a_redis_that_is_away_leaves_the_page_standing() -> None:
    shown = page(browser(graveyard(letter("1", TOLD), down=("default",))), PATH)
    assert "cannot be reached" in shown.words
    assert "Dead letters" in shown.words


def test_programs_get_the_same() -> None:
    herd = graveyard(letter("1", TOLD), letter("2", {"originalJob": {}, "error": "x"}, "x"))
    client = browser(herd)
    api = f"{BASE}/api/queues/default/bull/dead/dead-letters"
    listed = client.get(api).json()["dead_letters"]
    assert [(each["id"], each["needs"]) for each in listed] == [("2", ["queue", "name"]), ("1", [])]
    href = f"{BASE}/api/queues/default/bull/mail"
    done = client.post(f"{api}/send-back", json={"ids": "all", "queue": href, "name": "send"}).json()
    assert (done["sent"], done["left"]) == (2, 0)
    assert client.post(f"{api}/send-back", json={"ids": 5}).status_code == 400
    assert client.post(f"{api}/send-back", json={"ids": ["1"], "attempts": "some"}).status_code == 400
