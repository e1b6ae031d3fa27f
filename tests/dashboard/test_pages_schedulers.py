"""The pages of schedulers: who is in trouble stands first, and what is posted is asked, said and done."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from starlette.testclient import TestClient

from core.schedulers.scheduler import Row, Timing
from core.settings import Settings
from dashboard.urls import queue_href
from tests.dashboard.browsing import BASE, Page, browser
from tests.dashboard.described import check
from tests.dashboard.fixed_herd import MAIL, FixedHerd, queue, small_company
from tests.dashboard.fixed_schedulers import FixedSchedulers, head
from tests.dashboard.served import client, dashboard

OF_MAIL = f"{BASE}/queues/default/bull/mail"
API = f"{queue_href(BASE, MAIL)}/schedulers"
OURS = {"Origin": "http://localhost"}


def room(herd: FixedHerd) -> FixedSchedulers:
    assert isinstance(herd.schedulers, FixedSchedulers)
    return herd.schedulers


def page(herd: FixedHerd, address: str) -> Page:
    response = browser(herd).get(address)
    assert response.status_code == 200, response.text
    return Page(response.text)


def sent(http: TestClient, address: str, **form: str) -> Page:
    """The page that follows."""
    response = http.post(OF_MAIL + address, data=form)
    assert response.status_code == 303, response.text
    return Page(http.get(response.headers["location"]).text)


def api(herd: FixedHerd) -> TestClient:
    http = client(dashboard(herd))
    http.headers.update(OURS)
    return http


@pytest.mark.parametrize("address", [f"{BASE}/schedulers", f"{OF_MAIL}/schedulers"])
def test_the_list_says_what_is_overdue_and_how_the_last_runs_went(address: str) -> None:
    shown = page(small_company(), address)
    assert "Overdue by 10 min: nobody is consuming its queue." in shown.words
    assert "At 03:00 every day" in shown.words
    assert "1 twin" in shown.words
    strip = shown.one("svg", role="img")
    assert strip.attributes["aria-label"] == "Of the last 3 runs 1 completed, 1 failed, 1 left nothing"


def test_a_page_goes_on_and_keeps_the_words() -> None:
    herd = small_company()
    row = Row(head(MAIL, "n", due=herd.taken_at), "Every minute")
    room(herd).rows = [replace(row, head=replace(row.head, key=f"n{number}")) for number in range(150)]
    first = page(herd, f"{BASE}/schedulers?q=digest")
    assert len(first.all("tr")) == 101
    (more,) = [link.attributes["href"] for link in first.all("a") if "cursor=" in link.attributes.get("href", "")]
    assert "q=digest" in more
    assert len(page(herd, more).all("tr")) == 51
    assert "No scheduler has these words." in page(herd, f"{BASE}/schedulers?q=zzz").words


def test_without_any_the_page_says_how_they_come_to_be() -> None:
    herd = FixedHerd((queue("mail"),))
    room(herd).rows = []
    assert "upsertJobScheduler" in page(herd, f"{BASE}/schedulers").words


def test_an_instance_that_is_away_is_said_and_the_others_are_shown() -> None:
    herd = small_company()
    herd.down = ("cache",)
    assert "Redis cache cannot be reached." in page(herd, f"{BASE}/schedulers").words


def test_one_shows_its_next_runs_in_its_own_zone_and_what_its_jobs_are_made_from() -> None:
    shown = page(small_company(), f"{OF_MAIL}/schedulers/nightly")
    assert "0 3 * * *" in shown.words
    assert "Then it ends." in shown.words
    assert "CET" in shown.words or "CEST" in shown.words
    assert '"ann"' in shown.words
    assert '"attempts"' in shown.words


def test_a_run_now_and_a_removal_are_done_and_said_and_the_removal_is_asked_first() -> None:
    herd = small_company()
    http = browser(herd)
    assert "ping runs once more." in sent(http, "/schedulers/ping/runs").words
    asked = Page(http.post(f"{OF_MAIL}/schedulers/ping/removals").text)
    assert "Remove the scheduler ping from mail?" in asked.words
    assert len(room(herd).rows) == 2
    assert "ping makes no more jobs." in sent(http, "/schedulers/ping/removals", confirmed="yes").words
    assert [row.head.key for row in room(herd).rows] == ["nightly"]


def test_what_a_timing_means_is_shown_before_it_is_saved() -> None:
    herd = small_company()
    http = browser(herd)
    form = {
        "id": "mine",
        "name": "digest",
        "pattern": "*/15 9-17 * * 1-5",
        "tz": "Europe/Berlin",
        "data": '{"a": 1.10}',
    }
    shown = Page(http.post(f"{OF_MAIL}/schedulers", data={**form, "look": "yes"}).text)
    assert "Every 15th minute" in shown.words
    assert room(herd).done == []
    assert shown.one("input", name="pattern").attributes["value"] == "*/15 9-17 * * 1-5"
    assert "mine is as it is wanted." in sent(http, "/schedulers", **form, options='{"attempts": 2}', limit="5").words
    ((_, key, wanted),) = room(herd).done
    assert (key, wanted and wanted.data, wanted and wanted.options) == ("mine", '{"a":1.10}', {"attempts": 2})
    assert wanted is not None
    assert wanted.timing == Timing(pattern="*/15 9-17 * * 1-5", tz="Europe/Berlin", limit=5)
    assert wanted.mode == "create"


def test_an_edit_begins_with_what_is_there_and_leaves_what_is_not_said() -> None:
    herd = small_company()
    http = browser(herd)
    form = page(herd, f"{OF_MAIL}/schedulers/ping/edit")
    assert form.one("input", name="every").attributes["value"] == "5"
    sent(http, "/schedulers/ping/changes", every="2", unit="h", end="2031-01-02 03:04")
    ((_, _, wanted),) = room(herd).done
    assert wanted is not None
    assert wanted.timing == Timing(every=7_200_000, end=1_925_089_440_000)
    assert (wanted.data, wanted.options, wanted.mode) == (None, None, "edit")


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"pattern": "x" * 1000, "look": "yes"}, "This is no schedule"),
        ({"pattern": "61 * * * *", "look": "yes"}, "is not within 0 to 59"),
        ({"look": "yes"}, "either a pattern"),
        ({"pattern": "* * * * *", "tz": "Mars/Base", "look": "yes"}, "is not known here"),
        ({"every": "soon"}, "is a whole number"),
        ({"every": "5", "end": "tomorrow"}, "is a date"),
        ({"every": "5", "data": "{"}, "no JSON"),
        ({"every": "5", "options": "[1]"}, "JSON object"),
    ],
)
def test_what_makes_no_sense_stays_in_the_form_with_the_reason(form: dict[str, str], said: str) -> None:
    http = browser(small_company())
    response = http.post(f"{OF_MAIL}/schedulers", data={"name": "kept", **form})
    assert response.status_code == 400
    shown = Page(response.text)
    assert said in shown.words
    assert shown.one("input", name="name").attributes["value"] == "kept"


def test_a_read_only_tickbird_says_so_and_does_nothing() -> None:
    herd = small_company()
    herd.settings = Settings(read_only=True)
    sent(browser(herd), "/schedulers/ping/runs")
    assert room(herd).done == []


def test_the_api_lists_changes_makes_runs_and_removes() -> None:
    herd = small_company()
    http = api(herd)
    listed = http.get(f"{BASE}/api/schedulers?limit=1").json()
    check("SchedulerPage", listed)
    assert [row["key"] for row in listed["schedulers"]] == ["ping"]
    rest = http.get(f"{API}?cursor={listed['next']}").json()
    assert [row["key"] for row in rest["schedulers"]] == ["nightly"]
    one = http.get(listed["schedulers"][0]["href"]).json()
    check("Scheduler", one)
    assert one["template"]["data"] == {"to": "ann"}

    body = {"id": "mine", "name": "digest", "every": 60_000}
    made = http.post(API, content=json.dumps(body)[:-1] + ', "data": {"n": 1.10}}', headers=JSON)
    check("Outcome", made.json())
    changed = http.put(f"{API}/mine", json={"pattern": "0 0 * * *", "tz": "UTC"})
    assert changed.status_code == 200, changed.text
    first, second = (wanted for _, _, wanted in room(herd).done)
    assert first is not None
    assert second is not None
    assert (first.data, second.data) == ('{"n":1.10}', None)
    assert second.timing == Timing(pattern="0 0 * * *", tz="UTC")
    assert http.post(f"{API}/mine/run").json()["id"] == "77"
    assert http.delete(f"{API}/mine").json()["verb"] == "remove_scheduler"
    assert http.get(f"{API}/mine").status_code == 404


JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    "body", [{"every": "5"}, {"pattern": 5}, {"opts": []}, {"patern": "* * * * *"}, {"immediately": 1}, {"id": 7}, []]
)
def test_a_body_that_makes_no_sense_is_refused(body: object) -> None:
    assert api(small_company()).post(API, json=body).status_code == 400


def test_the_preview_answers_at_once_whatever_it_is_asked() -> None:
    http = api(small_company())
    path = API.removesuffix("schedulers") + "schedule-preview"
    told = http.get(path, params={"pattern": "0 3 * * *", "tz": "Europe/Berlin"}).json()
    check("SchedulerPreview", told)
    assert told["sentence"] == "At 03:00 every day"
    assert len(told["instants"]) == 5
    for pattern in (",".join("1" * 2000), "* " * 2000, "*/0 * * * *", "H H * * *", ""):
        refused = http.get(path, params={"pattern": pattern})
        assert refused.status_code == 400, pattern
    assert "never runs" in http.get(path, params={"pattern": "0 0 30 2 *"}).json()["note"]
