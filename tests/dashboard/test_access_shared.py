"""What is kept for all who look is kept for each of them apart: no button, no queue and no view of one is another's."""

from __future__ import annotations

import asyncio
import hashlib
import re
from typing import Any
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from core.access.accounts import Grant, Token, User
from core.access.asker import Asker, asking
from core.access.roles import VIEWER
from core.model import State
from core.settings import Settings
from dashboard.app import create_app
from exporter.routes import routes as metrics_routes
from tests.dashboard.browsing import BASE
from tests.dashboard.fixed_herd import DANGERS, FixedHerd, small_company
from tests.dashboard.served import cheap_hash, client
from tests.exporter.fixed import FixedEvents

SECRET = cheap_hash("secret")
USERS = (
    User("ada", Grant("admin"), SECRET),
    User("oscar", Grant("operator"), SECRET),
    User("vera", Grant("viewer"), SECRET),
    User("vic", Grant("viewer"), SECRET),
    User("eve", Grant("viewer", queues=("vid*",)), SECRET),
    User("eli", Grant("admin", queues=("vid*",)), SECRET),
)
DIGEST = hashlib.sha256(b"tb_x").hexdigest()
SETTINGS = Settings(
    users=USERS, tokens=(Token("ci", Grant("viewer", queues=("mail",)), DIGEST),), metrics_token="scrape", allow=DANGERS
)
VIDEO = f"{BASE}/queues/default/bull/video"
MAIL = f"{BASE}/queues/default/bull/mail"
PLACES = (BASE, VIDEO, f"{VIDEO}?state=failed", MAIL, f"{MAIL}?state=failed", f"{MAIL}/jobs/3")


@pytest.fixture
def herd() -> FixedHerd:
    return small_company(settings=SETTINGS)


def asked(http: TestClient, who: str, path: str) -> tuple[int, str]:
    """What that person gets, without what differs from one moment to the next."""
    answer = http.get(path, auth=(who, "secret"), headers={"Accept": "text/html"})
    text = re.sub(r"<time.*?</time>|nonce=\"[^\"]*\"|since=[\w.]+|data-now=\"\d+\"", "", answer.text, flags=re.DOTALL)
    return answer.status_code, re.sub(r"\d+ (ms|s|min)\b", "", text)


@pytest.mark.parametrize("at", PLACES)
def test_what_one_is_shown_does_not_depend_on_who_looked_before(herd: FixedHerd, at: str) -> None:
    shared = client(create_app(herd, SETTINGS))
    paths = (at, f"{BASE}/fragments?at={quote(at, safe='')}&rows=&since=")
    names = [user.name for user in USERS]
    # All look first, in one order; and once more in the other, at what is kept by then.
    for path in paths:
        for who in names:
            asked(shared, who, path)
    for path in paths:
        for who in reversed(names):
            alone = client(create_app(herd, SETTINGS))
            assert asked(shared, who, path) == asked(alone, who, path), f"{who} at {path}"


def test_a_viewer_is_offered_nothing_to_do_after_an_admin_was(herd: FixedHerd) -> None:
    http = client(create_app(herd, SETTINGS))
    fragments = f"{BASE}/fragments?at={quote(f'{MAIL}?state=failed', safe='')}&rows=&since="
    assert "/retries" in asked(http, "ada", fragments)[1] + asked(http, "ada", f"{MAIL}?state=failed")[1]
    for path in (fragments, f"{MAIL}?state=failed"):
        status, text = asked(http, "vera", path)
        assert status == 200
        for act in ("/retries", "/removals", "/pauses", "/obliterat", "/additions"):
            assert f'{act}"' not in text


SCRAPERS: dict[str, tuple[dict[str, Any], set[str]]] = {
    "an admin": ({"auth": ("ada", "secret")}, {"mail", "video"}),
    "the scraper": ({"headers": {"Authorization": "Bearer scrape"}}, {"mail", "video"}),
    "eve": ({"auth": ("eve", "secret")}, {"video"}),
    "a token": ({"headers": {"Authorization": "Bearer tb_x"}}, {"mail"}),
}


@pytest.mark.parametrize("order", [[*SCRAPERS, *SCRAPERS], [*reversed(SCRAPERS), *SCRAPERS]], ids=["down", "up"])
def test_a_scrape_by_one_login_tells_nothing_that_another_may_not_see(
    herd: FixedHerd, order: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(herd, "events", FixedEvents(), raising=False)
    http = client(create_app(herd, SETTINGS, extra_routes=metrics_routes(herd)))
    for name in order:
        how, theirs = SCRAPERS[name]
        text = http.get("/metrics", **how).text
        assert {queue for queue in ("mail", "video") if f'queue="{queue}"' in text} == theirs
    assert http.get("/metrics").status_code == 401


def test_a_view_of_ones_own_is_in_no_page_and_no_fragment_of_another(herd: FixedHerd) -> None:
    async def keep() -> None:
        with asking(Asker("vera", "viewer", VIEWER)):
            await herd.views.add("Veras secret view", State.FAILED, "reason:layoffs")

    asyncio.run(keep())
    http = client(create_app(herd, SETTINGS))
    for at in (f"{MAIL}?state=failed", f"{MAIL}?state=failed&q=reason%3Alayoffs", f"{BASE}/views"):
        fragments = f"{BASE}/fragments?at={quote(at, safe='')}&rows=&since="
        assert "Veras secret view" in asked(http, "vera", at)[1]
        asked(http, "vera", fragments)
        for other in ("vic", "ada", "eve"):
            assert "Veras secret view" not in asked(http, other, at)[1] + asked(http, other, fragments)[1]
    answer = http.get(f"{BASE}/api/views", auth=("ada", "secret"))
    assert "Veras secret view" not in answer.text
    assert "Veras secret view" in http.get(f"{BASE}/api/views", auth=("vera", "secret")).text


@pytest.mark.parametrize(("who", "saves", "shares"), [("vera", True, False), ("oscar", True, True)])
def test_who_only_looks_is_offered_to_keep_a_view_for_themselves(
    herd: FixedHerd, who: str, *, saves: bool, shares: bool
) -> None:
    http = client(create_app(herd, SETTINGS))
    _, text = asked(http, who, f"{MAIL}?state=failed&q=reason%3Ax")
    assert ("Save as a view" in text) == saves
    assert ("for everybody here" in text) == shares
    same = {"Sec-Fetch-Site": "same-origin"}
    form = {"name": "Mine", "state": "failed", "q": "reason:x", "from": MAIL}
    http.post(f"{BASE}/views", data=form, auth=(who, "secret"), headers=same)
    assert ("Mine" in http.get(f"{BASE}/api/views", auth=("vic", "secret")).text) == shares
    refused = http.request(
        "POST", f"{BASE}/api/views", json={**form, "from": None, "personal": False}, auth=(who, "secret"), headers=same
    )
    assert refused.status_code in (400, 403)


def test_a_read_only_tickbird_offers_no_view_to_keep_and_keeps_none() -> None:
    settings = Settings(users=USERS, read_only=True)
    http = client(create_app(small_company(settings=settings), settings))
    assert "Save as a view" not in asked(http, "ada", f"{MAIL}?state=failed&q=reason%3Ax")[1]
    assert "/renamings" not in asked(http, "ada", f"{BASE}/views")[1]
    for who in ("ada", "vera"):
        body = {"name": "Mine", "state": "failed", "q": "reason:x"}
        same = {"Sec-Fetch-Site": "same-origin"}
        assert http.post(f"{BASE}/api/views", json=body, auth=(who, "secret"), headers=same).status_code == 403
