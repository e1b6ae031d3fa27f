"""After a removal the notice has a button that puts everything back."""

from __future__ import annotations

import re

from core.settings import Settings
from tests.dashboard.browsing import BASE, browser
from tests.dashboard.fixed_herd import small_company
from tests.dashboard.test_pages_actions import OF_MAIL, YES, after, failures, states


def test_a_removed_job_is_put_back_by_the_button_on_the_notice() -> None:
    herd = small_company()
    client = browser(herd)
    before = states(herd)
    shown = after(client, f"{OF_MAIL}/jobs/3/removals", YES)
    assert "3" not in states(herd)
    (action,) = re.findall(rf'action="({BASE}/undo/[^"]+)"', shown.html)
    assert "1 jobs are back in mail." in after(client, action).words
    assert states(herd) == before
    assert "It was undone already." in after(client, action).words


def test_ticked_jobs_that_were_refused_are_not_put_back() -> None:
    herd = small_company()
    client = browser(herd)
    before = states(herd)
    shown = after(client, f"{OF_MAIL}/removals", {**YES, "job": ["2", "3", "5"], "state": "failed"})
    (action,) = re.findall(rf'action="({BASE}/undo/[^"]+)"', shown.html)
    assert "2 jobs are back in mail." in after(client, action).words
    assert states(herd) == before


def test_where_nothing_was_removed_there_is_no_button() -> None:
    client = browser(small_company())
    assert "/undo/" not in after(client, f"{OF_MAIL}/jobs/2/removals", YES).html
    assert "/undo/" not in after(client, f"{OF_MAIL}/jobs/3/retries").html


def test_a_removal_that_nobody_knows_cannot_be_undone() -> None:
    client = browser(failures())
    assert client.post(f"{BASE}/undo/nothing").status_code == 404
    assert client.post(f"{BASE}/undo/%3Cscript%3E").status_code == 404


def test_a_read_only_tickbird_shows_no_button() -> None:
    herd = small_company()
    herd.settings = Settings(redis=herd.settings.redis, read_only=True)
    assert "/undo/" not in browser(herd).get(OF_MAIL).text


def test_undo_leads_back_to_the_list_where_it_was_asked_for_and_nowhere_else() -> None:
    client = browser(small_company())
    for came, there in ((f"{OF_MAIL}?state=failed", f"{OF_MAIL}?state=failed"), ("//evil.example?", OF_MAIL)):
        shown = after(client, f"{OF_MAIL}/jobs/3/removals", YES)
        (action,) = re.findall(rf'action="({BASE}/undo/[^"]+)"', shown.html)
        answer = client.post(action, data={"from": came})
        assert answer.headers["location"] == there
