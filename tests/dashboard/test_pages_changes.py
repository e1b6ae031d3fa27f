"""The forms about one job and one queue: what they offer, what they do, and what they say where they cannot."""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import unescape

import pytest
from starlette.testclient import TestClient

from core.job import Payload
from core.model import State
from core.settings import Settings
from tests.dashboard.browsing import BASE, Page, browser, page
from tests.dashboard.fixed_herd import MAIL, FixedHerd, job, payload, queue, small_company

PATH = "/queues/default/bull/mail"
OF_MAIL = BASE + PATH


def sent(client: TestClient, address: str, form: Mapping[str, object]) -> Page:
    """The page that follows."""
    response = client.post(OF_MAIL + address, data=dict(form))
    assert response.status_code == 303, response.text
    return Page(client.get(response.headers["location"]).text)


def with_data(text: str) -> FixedHerd:
    value = json.loads(text)
    return FixedHerd((queue("mail"),), [job(MAIL, "1", State.FAILED, data=payload(text, value=value, is_json=True))])


def data_of(herd: FixedHerd, id: str = "1") -> str:
    found = next(job for job in herd.contents if job.row.id == id)
    return found.data.text if found.data else ""


def editing(client: TestClient) -> tuple[str, str]:
    """What the textarea holds, and the digest beside it."""
    html = client.get(f"{OF_MAIL}/jobs/1/data").text
    shown = Page(html)
    inside = html.partition("<textarea")[2].partition(">\n")[2].partition("</textarea>")[0]
    return unescape(inside), shown.one("input", name="seen").attributes["value"]


def test_data_are_shown_as_they_are_written_and_what_changes_before_it_is_saved() -> None:
    herd = with_data(
        '{"to":"ada","n":1.10,"list":["a fairly long text, and another","so that it takes several lines"]}'
    )
    client = browser(herd)
    text, seen = editing(client)
    assert '"n": 1.10' in text
    changed = text.replace('"ada"', '"eve"')
    asked = Page(client.post(f"{OF_MAIL}/jobs/1/edits", data={"data": changed, "seen": seen}).text)
    assert "Save these data?" in asked.words
    assert '- "to": "ada", + "to": "eve",' in asked.words
    assert "ada" in data_of(herd)

    kept = asked.one("input", name="data").attributes["value"]
    after = sent(client, "/jobs/1/edits", {"data": kept, "seen": seen, "confirmed": "yes"})
    assert "The data of 1 are changed." in after.words
    assert data_of(herd) == (
        '{"to":"eve","n":1.10,"list":["a fairly long text, and another","so that it takes several lines"]}'
    )


def test_a_fault_is_shown_with_its_place_and_the_text_stays() -> None:
    client = browser(with_data('{"to":"ada"}'))
    _, seen = editing(client)
    response = client.post(f"{OF_MAIL}/jobs/1/edits", data={"data": '{\r\n  "to": oops\r\n}', "seen": seen})
    assert response.status_code == 400
    assert "no JSON at line 2" in Page(response.text).words
    assert '"to": oops' in Page(response.text).words


def test_data_that_changed_meanwhile_are_not_overwritten() -> None:
    herd = with_data('{"to":"ada"}')
    client = browser(herd)
    _, seen = editing(client)
    herd.contents = with_data('{"to":"somebody else"}').contents
    response = client.post(f"{OF_MAIL}/jobs/1/edits", data={"data": '{"to":"eve"}', "seen": seen, "confirmed": "yes"})
    shown = Page(response.text)
    assert "The data have changed since you began to edit." in shown.words
    assert '- {"to": "somebody else"} + {"to": "eve"}' in shown.words
    assert data_of(herd) == '{"to":"somebody else"}'
    again = {"data": '{"to":"eve"}', "seen": shown.one("input", name="seen").attributes["value"], "confirmed": "yes"}
    sent(client, "/jobs/1/edits", again)
    assert data_of(herd) == '{"to":"eve"}'


def test_what_differs_only_in_its_space_is_not_saved() -> None:
    herd = with_data('{"to":"ada"}')
    client = browser(herd)
    _, seen = editing(client)
    assert "nothing to save" in sent(client, "/jobs/1/edits", {"data": '{\r\n "to" : "ada" }', "seen": seen}).words
    assert herd.version == 1


@pytest.mark.parametrize(
    "text", ['{"a":"\u202e\u0007"}', '{"a":"\x80"}', '"\\ud83d"', '{"a":"l\u2028s"}', '{"é":"日本"}']
)
def test_no_character_is_lost_between_page_and_form(text: str) -> None:
    herd = with_data(json.dumps(json.loads(text, strict=False), ensure_ascii=False).encode("utf-8", "ignore").decode())
    before = json.loads(data_of(herd))
    client = browser(herd)
    shown, seen = editing(client)
    sent(client, "/jobs/1/edits", {"data": f"[{shown}]", "seen": seen, "confirmed": "yes"})
    assert json.loads(data_of(herd)) == [before]


def test_a_copy_is_added_with_other_data() -> None:
    herd = with_data('{"to":"ada"}')
    client = browser(herd)
    _, seen = editing(client)
    form = {"data": '{"to":"eve"}', "seen": seen, "confirmed": "yes", "copy": "yes"}
    sent(client, "/jobs/1/edits", form)
    assert (data_of(herd, "1"), data_of(herd, "new1")) == ('{"to":"ada"}', '{"to":"eve"}')


def test_data_that_are_too_large_or_no_text_are_not_edited_here() -> None:
    for data in (Payload("{", 9_000_000, cut=True), Payload("\x00\x01", 2)):
        herd = FixedHerd((queue("mail"),), [job(MAIL, "1", State.FAILED, data=data)])
        shown = page(browser(herd), f"{PATH}/jobs/1/data")
        assert "The data cannot be edited here." in shown.words
        assert shown.all("textarea") == []


def test_of_an_active_job_only_a_copy_can_be_made() -> None:
    client = browser(small_company())
    shown = page(client, f"{PATH}/jobs/2/data")
    assert "They cannot be saved to this job now: It is active." in shown.words
    seen = shown.one("input", name="seen").attributes["value"]
    asked = Page(client.post(f"{OF_MAIL}/jobs/2/edits", data={"data": '{"x":1}', "seen": seen}).text)
    assert "Add a copy with these" in asked.words
    assert "Go on editing Add a copy with these They cannot be saved" in asked.words


@pytest.mark.parametrize(
    ("noun", "form", "id", "said"),
    [
        ("priorities", {"priority": "3", "lifo": "yes"}, "4", "4 has priority 3, first."),
        ("delays", {"delay": "1,000", "unit": "min"}, "4", "4 is due in 60000000 ms."),
        ("fresh-retries", {}, "3", "3 waits again, anew."),
        ("log-lines", {"line": " seen by ada "}, "3", "3 has a line more."),
        ("failures", {"reason": "it hangs"}, "2", "2 has failed: it hangs."),
        ("requeues", {}, "2", "2 waits again."),
        ("duplicates", {}, "5", "is added."),
    ],
)
def test_a_change_happens_and_the_jobs_page_says_so(noun: str, form: Mapping[str, str], id: str, said: str) -> None:
    assert said in sent(browser(small_company()), f"/jobs/{id}/{noun}", form).words


@pytest.mark.parametrize(
    ("noun", "form", "id", "why"),
    [
        ("priorities", {"priority": "soon"}, "4", "The priority is a whole number, not 'soon'."),
        ("priorities", {}, "4", "The priority is missing."),
        ("priorities", {"priority": "9999999"}, "4", "2,097,152"),
        ("delays", {"unit": "h"}, "4", "The delay is missing."),
        ("delays", {"delay": "1"}, "3", "cannot be change_delayd"),
        ("log-lines", {"line": "  "}, "3", "The line is empty"),
        ("failures", {"reason": ""}, "2", "It needs a reason"),
        ("requeues", {"force": "yes"}, "2", "cannot be requeued"),
    ],
)
def test_a_refusal_is_said_where_the_form_is(noun: str, form: Mapping[str, str], id: str, why: str) -> None:
    shown = sent(browser(small_company()), f"/jobs/{id}/{noun}", form)
    assert why in shown.words
    assert "Change this job" in shown.words


def test_what_cannot_be_changed_now_is_disabled_with_the_reason() -> None:
    shown = page(browser(small_company()), f"{PATH}/jobs/2/change")
    assert "Not possible now: It is active." in shown.words
    assert "Requeue" in shown.words


def test_what_makes_no_sense_in_a_state_is_not_offered() -> None:
    shown = page(browser(small_company()), f"{PATH}/jobs/3/change")
    assert [e for e in shown.all("fieldset") if "disabled" in e.attributes] == []
    assert "When it becomes ready to run" not in shown.words
    assert "Requeue" not in shown.words
    assert "Retry with all attempts anew" in shown.words


def test_removing_by_force_is_a_choice_of_its_own_and_asks_with_what_stands_against_it() -> None:
    herd = small_company()
    client = browser(herd)
    assert "Remove by force" in page(client, f"{PATH}/jobs/2/change").words
    assert "Remove by force" not in page(client, f"{PATH}/jobs/3/change").words
    asked = Page(client.post(f"{OF_MAIL}/jobs/2/forced-removals").text)
    assert "What stands against it: It is active." in asked.words
    assert "2" in [job.row.id for job in herd.contents]
    after = sent(client, "/jobs/2/forced-removals", {"confirmed": "yes", "state": "active"})
    assert "2 is gone, by force." in after.words
    assert "2" not in [job.row.id for job in herd.contents]


@pytest.mark.parametrize(
    ("noun", "form", "said"),
    [
        ("concurrency", {"concurrency": "5"}, "mail runs 5 at once."),
        ("concurrency", {"concurrency": ""}, "mail runs any number of jobs at once."),
        ("rate-limit", {"most": "10", "length": "2", "unit": "min"}, "mail runs 10 in 120000 ms."),
        ("rate-limit", {"most": "10"}, "A rate limit is a number of jobs in a length of time."),
        ("rate-limit-releases", {}, "mail goes on."),
        ("deduplication-releases", {"id": "user:1"}, "user:1 can be added again."),
        ("deduplication-releases", {"id": ""}, "Which deduplication id?"),
        ("event-trims", {"keep": "100"}, "100 events are left."),
        ("event-trims", {}, "How many to keep is missing."),
        ("pause-mendings", {"from": "queue"}, "The pause of mail is whole."),
    ],
)
def test_a_queue_is_changed_and_says_so(noun: str, form: Mapping[str, str], said: str) -> None:
    assert said in sent(browser(small_company()), f"/{noun}", form).words


def test_the_page_of_a_queue_says_by_what_its_library_was_told() -> None:
    assert (
        "bullmq 6.7 (layout mq5) meta.version says bullmq:6.7.0"
        in page(browser(small_company()), f"{PATH}/manage").words
    )


def test_a_split_pause_is_a_banner_with_its_remedy() -> None:
    herd = FixedHerd((queue("mail", counts={State.WAITING: 0, State.PAUSED: 3}),))
    shown = page(browser(herd), PATH)
    assert "3 jobs lie in the paused list though the queue runs" in shown.words
    assert shown.one("form", action=f"{OF_MAIL}/pause-mendings")
    assert page(browser(small_company()), PATH).all("form", action=f"{OF_MAIL}/pause-mendings") == []


def test_a_job_is_added_with_its_common_options_and_the_others() -> None:
    herd = small_company()
    form = {
        "name": "send",
        "data": '{"n": 1.10}',
        "attempts": "3",
        "jobId": "mine",
        "lifo": "yes",
        "options": '{"delay": 5}',
    }
    assert "mine is added." in sent(browser(herd), "/additions", form).words
    added = next(job for job in herd.contents if job.row.id == "mine")
    assert (data_of(herd, "mine"), added.row.name) == ('{"n":1.10}', "send")
    assert added.opts is not None
    assert json.loads(added.opts.text) == {"attempts": 3, "jobId": "mine", "lifo": True, "delay": 5}


@pytest.mark.parametrize(
    ("form", "why"),
    [
        ({"data": "{"}, "The data: no JSON at line 1, column 2"),
        ({"options": "[]"}, "The options are a JSON object"),
        ({"options": "{x"}, "The options: no JSON at line 1"),
        ({"delay": "soon"}, "The delay is a whole number"),
    ],
)
def test_a_job_that_cannot_be_added_stays_in_its_form(form: Mapping[str, str], why: str) -> None:
    response = browser(small_company()).post(f"{OF_MAIL}/additions", data={"name": "keep me", **form})
    assert response.status_code == 400
    assert why in Page(response.text).words
    assert Page(response.text).one("input", name="name").attributes["value"] == "keep me"


def test_read_only_offers_no_form_and_takes_none() -> None:
    herd = small_company(settings=Settings(read_only=True))
    client = browser(herd)
    for path in ("/manage", "/add", "/jobs/3/data", "/jobs/3/change"):
        shown = page(client, PATH + path)
        assert shown.all("form", method="post") == []
        assert "This Tickbird is read-only" in shown.words
    assert "read-only" in sent(client, "/jobs/3/log-lines", {"line": "x"}).words
    assert client.post(f"{OF_MAIL}/additions", data={"name": "x"}).status_code == 400


def test_no_get_changes_anything() -> None:
    herd = small_company()
    client = browser(herd)
    for noun in ("edits", "priorities", "delays", "log-lines", "failures", "requeues", "forced-removals", "duplicates"):
        assert client.get(f"{OF_MAIL}/jobs/3/{noun}").status_code in (404, 405)
    for noun in ("additions", "concurrency", "rate-limit", "event-trims", "pause-mendings"):
        assert client.get(f"{OF_MAIL}/{noun}").status_code in (404, 405)
    assert herd.version == 1
