"""What is redacted is shown on purpose, to who may see it, once, written down beforehand, and to nobody else."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import redis as redis_py

from core.redaction.redaction import HIDDEN, Rule
from tests.core import layout
from tests.core.waiting import read_now
from tests.dashboard.audited import Company, company
from tests.dashboard.served import BASE
from tickbird.demo.server import EmbeddedServer

SECRET = "hunter-of-2-secrets"
PAGE = f"{BASE}/queues/default/bull/mail/jobs/secret"
API = f"{BASE}/api/queues/default/bull/mail/jobs/secret"
HTML = {"Accept": "text/html"}
RULES = (Rule(keys=("password",)),)


@pytest.fixture
async def ours(
    server: EmbeddedServer, redis: redis_py.Redis, caplog: pytest.LogCaptureFixture
) -> AsyncIterator[Company]:
    async with company(server.url, redis, caplog, redact=RULES) as found:
        await hiding(found, redis)
        yield found


async def hiding(ours: Company, redis: redis_py.Redis) -> None:
    """A failed job with a secret in everything that is shown of it."""
    payload = json.dumps({"password": SECRET, "to": "ada"})
    reason = f"login failed: password={SECRET}"
    fields: dict[str, Any] = {"data": payload, "returnvalue": payload, "progress": payload, "failedReason": reason}
    layout.failed(redis, b"bull:mail:", "secret", **fields, stacktrace=json.dumps([f"Error: {reason}\n    at x.js:1"]))
    redis.rpush(b"bull:mail:secret:logs", f"asking with password={SECRET}")
    await read_now(ours.herd)


def is_kept(ours: Company) -> bool:
    """Whether anything that this process remembers of readings and pages has the secret in it."""
    desk = ours.app.state.desk
    shared = [kept.answer.result() for each in (ours.herd.sight.shared, desk.shared) for kept in each._answers.values()]
    pieces = [(piece.value, piece._html) for piece in desk.board._pieces.values()]
    heads = [each._heads for each in ours.herd._heads.values()]
    return SECRET in repr([shared, pieces, heads, vars(ours.herd.store)])


async def looked(ours: Company, who: str) -> str:
    """Everything that somebody gets to see of that job without asking for it on purpose."""
    pages = (
        PAGE,
        f"{PAGE}/flow",
        f"{PAGE}/change",
        f"{BASE}/queues/default/bull/mail?state=failed",
        f"{BASE}/errors",
        f"{BASE}/audit",
        API,
        f"{API}/status",
        f"{API}/logs",
        f"{BASE}/api/queues/default/bull/mail/export?state=failed",
        f"{BASE}/fragments?at={PAGE}&rows=&since=",
    )
    found = await ours.ask(who, "GET", f"{BASE}/api/queues/default/bull/mail/jobs?state=failed&q=reason:{SECRET}")
    assert found.json()["jobs"] == []
    return "".join([(await ours.ask(who, "GET", path, headers=HTML)).text for path in pages])


@pytest.mark.parametrize("who", ["viewer", "operator"])
async def test_who_may_not_has_no_button_and_is_denied(ours: Company, who: str) -> None:
    page = await ours.ask(who, "GET", PAGE, headers=HTML)
    assert HIDDEN in page.text
    assert "not shown to you" in page.text
    assert "/reveals" not in page.text
    for path in (f"{PAGE}/reveals", f"{API}/reveal"):
        ours.forget()
        answer = await ours.ask(who, "POST", path, headers=HTML)
        assert answer.status_code == 403
        assert SECRET not in answer.text
        assert ours.endings() == ["denied"]


async def test_the_button_shows_all_of_it_once(ours: Company) -> None:
    page = await ours.ask("admin", "GET", PAGE, headers=HTML)
    assert f'action="{PAGE}/reveals"' in page.text
    assert SECRET not in page.text
    shown = await ours.ask("admin", "POST", f"{PAGE}/reveals", headers=HTML)

    assert shown.status_code == 200
    # In the data, the result, the reason, the stack, the progress and the log.
    assert shown.text.count(SECRET) >= 6
    assert HIDDEN not in shown.text
    assert shown.headers["cache-control"] == "no-store"
    assert "etag" not in shown.headers
    # No stream goes on from it.
    assert 'id="live"' in page.text
    assert 'id="live"' not in shown.text
    first, last = ours.lines()
    told = [first[name] for name in ("verb", "who", "queue", "job")]
    assert told == ["reveal", "admin", "default/bull/mail", "secret"]
    assert (first["ended"], last["ended"]) == ("begun", "done")
    assert first["id"] == last["id"]
    assert SECRET not in json.dumps(ours.lines())


@pytest.mark.parametrize("who", ["admin", "other admin", "operator"])
async def test_what_was_revealed_reaches_nobody_by_what_is_remembered(ours: Company, who: str) -> None:
    before = await looked(ours, who)
    for path in (f"{PAGE}/reveals", f"{API}/reveal"):
        assert SECRET in (await ours.ask("admin", "POST", path, headers=HTML)).text
    assert not is_kept(ours)
    after = await looked(ours, who)

    assert SECRET not in before
    assert SECRET not in after
    assert not is_kept(ours)


async def test_the_api_says_the_same_as_the_button(ours: Company) -> None:
    answer = await ours.ask("admin", "POST", f"{API}/reveal")
    told = answer.json()

    assert answer.headers["cache-control"] == "no-store"
    assert told["job"]["data"] == {"password": SECRET, "to": "ada"}
    assert told["logs"]["logs"] == [f"asking with password={SECRET}"]
    assert SECRET in told["job"]["failedReason"]
    assert ours.endings() == ["begun done"]
    assert (await ours.ask("admin", "GET", f"{API}/reveal")).status_code == 405


async def test_a_job_that_is_not_there_for_somebody_is_not_revealed_to_them(ours: Company) -> None:
    for path in (f"{PAGE}/reveals", f"{API}/reveal"):
        ours.forget()
        answer = await ours.ask("admin of video", "POST", path)
        assert answer.status_code == 404
        assert ours.endings() == ["begun refused"]
        assert SECRET not in answer.text


async def test_another_site_cannot_ask_for_it(ours: Company) -> None:
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Sec-Fetch-Site": "none"}):
        answer = await ours.ask("admin", "POST", f"{PAGE}/reveals", headers=headers)
        assert answer.status_code == 403
        assert SECRET not in answer.text
    assert (await ours.ask("admin", "GET", f"{PAGE}/reveals", headers=HTML)).status_code in (404, 405)


async def test_it_is_for_readers_too_for_it_changes_nothing(
    server: EmbeddedServer, redis: redis_py.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    async with company(server.url, redis, caplog, redact=RULES, read_only=True) as ours:
        await hiding(ours, redis)
        before = {key: redis.dump(key) for key in redis.scan_iter("*")}
        shown = await ours.ask("admin", "POST", f"{PAGE}/reveals", headers=HTML)

        assert SECRET in shown.text
        assert ours.endings() == ["begun done"]
        assert {key: redis.dump(key) for key in redis.scan_iter("*")} == before


async def test_where_nothing_was_taken_out_there_is_no_button(ours: Company) -> None:
    page = await ours.ask("admin", "GET", f"{BASE}/queues/default/bull/mail/jobs/5", headers=HTML)

    assert "/reveals" not in page.text
    assert "redacted" not in page.text
