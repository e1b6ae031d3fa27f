"""What the buttons do: questions first, then the deed, then a word about it, once."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from starlette.testclient import TestClient

from core.model import State
from core.settings import Settings
from tests.dashboard.browsing import BASE, Page, browser
from tests.dashboard.fixed_herd import MAIL, FixedHerd, job, queue, small_company

OF_MAIL = f"{BASE}/queues/default/bull/mail"
YES = {"confirmed": "yes"}


def after(client: TestClient, address: str, form: Mapping[str, object] | None = None) -> Page:
    """The page that a post leads to."""
    response = client.post(address, data=dict(form or {}))
    assert response.status_code == 303, response.text
    followed = client.get(response.headers["location"])
    assert followed.status_code == 200
    return Page(followed.text)


def failures(number: int = 3) -> FixedHerd:
    return FixedHerd((queue("mail"),), [job(MAIL, f"f{i}", State.FAILED) for i in range(number)])


def states(herd: FixedHerd) -> dict[str, str]:
    return {job.row.id: job.row.state.value for job in herd.contents}


def test_a_retry_happens_and_the_page_says_so_once() -> None:
    herd = small_company()
    client = browser(herd)
    shown = after(client, f"{OF_MAIL}/jobs/3/retries")
    assert "3 waits again." in shown.words
    assert states(herd)["3"] == "waiting"
    assert "3 waits again." not in Page(client.get(f"{OF_MAIL}/jobs/3").text).words


def test_a_promotion_happens() -> None:
    herd = small_company()
    assert "4 no longer waits for its time." in after(browser(herd), f"{OF_MAIL}/jobs/4/promotions").words
    assert states(herd)["4"] == "waiting"


def test_a_refusal_is_a_sentence_on_the_page() -> None:
    shown = after(browser(small_company()), f"{OF_MAIL}/jobs/2/retries")
    assert shown.one("div", class_="is-refused")
    assert "2 cannot be retryd: it is active. Look at its page." in shown.words


def test_a_removal_asks_first_and_names_queue_count_and_job() -> None:
    herd = small_company()
    client = browser(herd)
    asked = Page(client.post(f"{OF_MAIL}/jobs/3/removals").text)
    assert "Remove 1 failed job from mail ?" in asked.words
    assert "For 30 minutes it can be undone" in asked.words
    assert "3" in states(herd)
    assert asked.one("form", action=f"{OF_MAIL}/jobs/3/removals")
    assert "autofocus" in asked.one("a", class_="button").attributes
    shown = after(client, f"{OF_MAIL}/jobs/3/removals", {**YES, "state": "failed"})
    assert "3 is gone." in shown.words
    assert "mail / failed" in shown.words
    assert "3" not in states(herd)


def test_pausing_asks_first_and_resuming_does_not() -> None:
    herd = small_company()
    client = browser(herd)
    asked = Page(client.post(f"{OF_MAIL}/pauses").text)
    assert "Pause mail ? 1 active job will finish. 1 job waits until somebody resumes it." in asked.words
    assert not herd.queue(MAIL).paused
    assert "mail is paused." in after(client, f"{OF_MAIL}/pauses", YES).words
    assert herd.queue(MAIL).paused
    assert "mail is running." in after(client, f"{OF_MAIL}/resumptions").words
    assert not herd.queue(MAIL).paused


def test_from_the_overview_one_comes_back_to_the_overview() -> None:
    client = browser(small_company())
    response = client.post(f"{OF_MAIL}/pauses", data={**YES, "from": "overview"})
    assert response.headers["location"] == BASE
    assert "mail is paused." in Page(client.get(BASE).text).words


def test_ticked_jobs_are_done_one_by_one_and_refusals_are_told_with_their_reasons() -> None:
    herd = failures()
    herd.contents = [*herd.contents, job(MAIL, "busy", State.ACTIVE)]
    form: dict[str, object] = {"job": ["f0", "f1", "busy", "f1"], "state": "failed", "size": "25", "order": "oldest"}
    shown = after(browser(herd), f"{OF_MAIL}/retries", form)
    assert "Retried 2 jobs. 1 job refused: busy: busy cannot be retryd: it is active." in shown.words
    assert states(herd) == {"f0": "waiting", "f1": "waiting", "f2": "failed", "busy": "active"}
    assert "mail / failed" in shown.words


def test_removing_ticked_jobs_asks_with_their_number_and_the_first_of_them() -> None:
    herd = failures(7)
    client = browser(herd)
    ticked: dict[str, object] = {"job": [f"f{i}" for i in range(7)], "state": "failed"}
    asked = Page(client.post(f"{OF_MAIL}/removals", data=ticked).text)
    assert "Remove 7 failed jobs from mail ?" in asked.words
    assert "f0 send f1 send" in asked.words
    assert "and 2 more" in asked.words
    kept = [e.attributes["value"] for e in asked.all("input", name="job")]
    assert kept == ticked["job"]
    assert "Removed 7 jobs." in after(client, f"{OF_MAIL}/removals", {**ticked, **YES}).words
    assert states(herd) == {}


def test_nothing_ticked_does_nothing() -> None:
    assert "No job was ticked" in after(browser(failures()), f"{OF_MAIL}/retries", {"state": "failed"}).words


@pytest.mark.parametrize("noun", ["pauses", "resumptions", "retries", "promotions", "removals"])
def test_read_only_refuses_everything_with_a_sentence(noun: str) -> None:
    herd = small_company(settings=Settings(read_only=True))
    shown = after(browser(herd), f"{OF_MAIL}/{noun}", {**YES, "job": "3", "state": "failed"})
    assert "read-only" in shown.one("div", class_="notice").attributes["class"] or "read-only." in shown.words
    assert states(herd)["3"] == "failed"


def test_while_redis_is_away_an_action_says_so() -> None:
    shown = after(browser(small_company(down=("default",))), f"{OF_MAIL}/resumptions")
    assert "Redis default cannot be reached: connection refused." in shown.words


def test_no_get_acts() -> None:
    herd = small_company()
    client = browser(herd)
    for noun in ("pauses", "resumptions", "retries", "promotions", "removals"):
        for address in (f"{OF_MAIL}/{noun}", f"{OF_MAIL}/jobs/3/{noun}"):
            assert client.get(address).status_code in (404, 405)
    assert herd.version == 1


def test_a_post_from_elsewhere_is_refused() -> None:
    herd = small_company()
    response = browser(herd).post(f"{OF_MAIL}/resumptions", headers={"sec-fetch-site": "cross-site"})
    assert response.status_code == 403
    assert herd.version == 1


def test_more_than_a_page_of_jobs_is_too_many() -> None:
    response = browser(failures()).post(f"{OF_MAIL}/retries", data={"job": [f"f{i}" for i in range(201)]})
    assert response.status_code == 413
    assert "At most 200 jobs at a time." in Page(response.text).words


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"job=" + b"x" * 300_000, "application/x-www-form-urlencoded", 413),
        (b"&".join(b"a=b" for _ in range(500)), "application/x-www-form-urlencoded", 400),
        (b"job=\xff", "application/x-www-form-urlencoded", 400),
        (b"job=%7Ez", "application/x-www-form-urlencoded", 400),
        (b"--x\r\n", "multipart/form-data; boundary=x", 400),
        (b"{}", "application/json", 400),
    ],
)
def test_what_no_form_of_ours_posts_is_refused(body: bytes, kind: str, status: int) -> None:
    response = browser(failures()).post(f"{OF_MAIL}/retries", content=body, headers={"content-type": kind})
    assert response.status_code == status


def test_ids_of_every_kind_come_back_as_they_were() -> None:
    ids = ["a/b", "~", "é", "\udcff", " x ", "a&job=b", "%2F"]
    herd = FixedHerd((queue("mail"),), [job(MAIL, id, State.FAILED) for id in ids])
    client = browser(herd)
    listed = Page(client.get(f"{OF_MAIL}?state=failed").text)
    ticked = [e.attributes["value"] for e in listed.all("input", name="job")]
    assert len(ticked) == len(ids)
    assert "Retried 7 jobs." in after(client, f"{OF_MAIL}/retries", {"job": ticked, "state": "failed"}).words
    assert set(states(herd).values()) == {"waiting"}


def test_a_notice_that_somebody_made_up_is_not_shown() -> None:
    client = browser(small_company())
    for value in ("x", "W10=", "WyJkb25lIl0=", "eyJhIjoxfQ==", "W" * 5000):
        client.cookies.set("tickbird_notice", value)
        response = client.get(BASE)
        assert response.status_code == 200
        assert Page(response.text).all("div", id="notice") == []
        client.cookies.clear()


def test_a_notice_fits_into_a_cookie_however_much_there_is_to_say() -> None:
    ids = ["x" * 1500 + str(i) for i in range(100)]
    herd = FixedHerd((queue("mail"),), [job(MAIL, id, State.ACTIVE) for id in ids])
    response = browser(herd).post(f"{OF_MAIL}/retries", data={"job": ids, "state": "active"})
    assert len(response.headers["set-cookie"]) < 4096
