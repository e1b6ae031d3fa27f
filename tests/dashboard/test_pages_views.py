"""Saved views and the one box on pages: kept, renamed and removed by forms, opened by links, without scripts."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from core.errors import Unavailable
from core.model import QueueId, State
from dashboard.urls import queue_page
from tests.dashboard.browsing import BASE, Page, browser, page
from tests.dashboard.fixed_herd import MAIL, FixedHerd, job, queue, small_company

PATH = queue_page(BASE, MAIL).removeprefix(BASE)


def keep(client: TestClient, **fields: Any) -> Any:
    """Post the form that keeps a query."""
    form = {"name": "Bounced", "state": "failed", "q": "reason:bounced", "from": BASE + PATH, **fields}
    return client.post(f"{BASE}/views", data=form)


def links(shown: Page) -> dict[str, str]:
    """Where each view leads."""
    return {link.attributes["href"]: "" for link in shown.all("a", class_="view")}


def saved_id(herd: FixedHerd) -> str:
    return asyncio.run(herd.views.list())[-1].id


def test_every_queue_offers_the_views_that_are_always_there() -> None:
    shown = page(browser(small_company()), PATH)
    assert f"{BASE}{PATH}?state=failed&q=finished%3A15m" in links(shown)
    assert all(word in shown.words for word in ("Stuck", "Retry storm", "Overdue", "Stalled"))


def test_a_query_is_kept_under_a_name_and_is_then_a_view_of_every_queue() -> None:
    herd = small_company()
    client = browser(herd)
    searched = page(client, f"{PATH}?state=failed&q={quote('reason:bounced')}")
    assert "Save as a view" in searched.words

    response = keep(client)
    assert response.status_code == 303
    assert response.headers["location"] == f"{BASE}{PATH}?state=failed&q=reason%3Abounced"
    shown = page(client, response.headers["location"].removeprefix(BASE))
    assert "Saved as 'Bounced'" in shown.words
    assert "Save as a view" not in shown.words
    assert f"{BASE}{queue_page('', herd.queues[1].id)}?state=failed&q=reason%3Abounced" in links(
        page(client, queue_page("", herd.queues[1].id))
    )


def test_a_view_is_renamed_and_removed_on_the_page_of_all() -> None:
    herd = small_company()
    client = browser(herd)
    keep(client)
    id = saved_id(herd)
    there = client.post(f"{BASE}/views/{id}/renamings", data={"name": "Lost", "from": BASE + PATH}).headers["location"]
    shown = page(client, there.removeprefix(BASE))
    assert "It is called 'Lost' now." in shown.words
    hrefs = [link.attributes["href"] for link in shown.all("a")]
    assert f"{BASE}{PATH}?state=failed&q=reason%3Abounced" in hrefs
    assert f"{BASE}/search?q=state%3Afailed+%28reason%3Abounced%29" in hrefs
    client.post(f"{BASE}/views/{id}/removals", data={})
    assert "Lost" not in page(client, PATH).words


@pytest.mark.parametrize(
    "fields",
    [
        {"name": ""},
        {"name": "Stuck"},
        {"q": "nmae:x"},
        {"q": ""},
        {"state": "nowhere"},
        {"from": "https://elsewhere.example"},
    ],
)
def test_what_cannot_be_kept_is_said_and_leads_nowhere_else(fields: dict[str, str]) -> None:
    client = browser(small_company())
    response = keep(client, **fields)
    assert response.status_code == 303
    assert response.headers["location"].startswith(f"{BASE}/")
    if "from" not in fields:
        shown = page(client, response.headers["location"].removeprefix(BASE))
        assert "Saved as" not in shown.words


def test_while_the_store_is_away_the_views_that_are_always_there_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(_views: object) -> None:
        raise Unavailable("Redis state_url cannot be reached.")

    monkeypatch.setattr("core.views.views.Views.list", away)
    client = browser(small_company())
    for path in (PATH, "/views"):
        shown = page(client, path)
        assert "Stuck" in shown.words
        assert "Redis state_url cannot be reached." in shown.words


def box(herd: FixedHerd, words: str, state: str = "waiting") -> str:
    """Where the box leads."""
    response = browser(herd).get(f"{BASE}{PATH}", params={"state": state, "q": words, "open": "1"})
    assert response.status_code == 303
    return str(response.headers["location"])


def test_an_id_leads_to_its_job_in_whatever_state_and_other_words_to_a_search() -> None:
    herd = small_company()
    assert box(herd, " 3 ") == f"{BASE}{PATH}/jobs/3"
    assert box(herd, "33") == f"{BASE}{PATH}?state=waiting&q=33"
    assert box(herd, '"3"') == f"{BASE}{PATH}?state=waiting&q=%223%22"
    assert box(herd, "") == f"{BASE}{PATH}?state=waiting"
    assert box(herd, "name:send OR (") == f"{BASE}{PATH}?state=waiting&q=name%3Asend+OR+%28"


@pytest.mark.parametrize("id", ["order:42", "a b", "(", '"', "-x", "name:x", "~/%2f", "é"])
def test_an_id_may_be_no_word_of_the_language(id: str) -> None:
    queue_id = QueueId("default", "bull", "mail")
    herd = FixedHerd((queue("mail"),), [job(queue_id, id, State.FAILED)])
    assert "/jobs/" in box(herd, id)


def test_while_redis_is_away_the_box_still_leads_to_a_page() -> None:
    herd = small_company(down=("default",))
    assert box(herd, "3") == f"{BASE}{PATH}?state=waiting&q=3"


def test_a_query_stands_as_chips_each_a_link_to_the_rest() -> None:
    shown = page(browser(small_company()), f"{PATH}?state=failed&order=oldest&q={quote('name:send -reason:x')}")
    chips = [link.attributes["href"] for link in shown.all("a", class_="chip")]
    assert chips == [
        f"{BASE}{PATH}?state=failed&q=-reason%3Ax&order=oldest",
        f"{BASE}{PATH}?state=failed&q=name%3Asend&order=oldest",
    ]
    assert not page(browser(small_company()), PATH).all("a", class_="chip")
