"""Every way to change something leaves its trace: what was refused once, what was done before and after."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
import redis as redis_py

from core.audit.trail import begun
from dashboard.api.call import Call
from dashboard.api.calls import CALLS
from tests.core import layout
from tests.core.receiver import Receiver
from tests.core.waiting import read_now, soon
from tests.dashboard.access_matrix import Door, doors, the_app
from tests.dashboard.audited import MAIL, Company, company, laid_out
from tests.dashboard.called import GROUP, address, body, query
from tests.dashboard.fixed_operations import LIVE
from tests.dashboard.served import BASE
from tickbird.demo.server import EmbeddedServer

# They are Tickbird's own, change no queue, and are for everybody who may look.
OF_OURS = ("/searches", "/views", "/login", "/logout")
ACTS = [call for call in CALLS if call.acts and not call.path.startswith(OF_OURS)]
# Failures that were laid out and taken away behind its back are none to a survey: these come while it is new.
ACTS.sort(key=lambda call: "{group}" not in call.path)
DOORS = [
    door
    for door in doors(the_app())
    if door.method != "GET" and door.needs and not door.path.removeprefix(BASE).removeprefix("/api").startswith(OF_OURS)
]
PLACE = {"instance": "default", "prefix": "bull", "name": "mail", "job_id": "4", "group": GROUP}


def sent(door: Door) -> dict[str, Any]:
    """What a viewer sends: what is looked at before anybody is refused makes sense."""
    if "/api/" in door.path:
        call = next(c for c in CALLS if (c.method, f"{BASE}/api{c.path}") == (door.method, door.path))
        return {"json": body(call), "params": query(call)}
    page = f"{BASE}/queues/default/bull/mail"
    return {"data": {"action": "retry", "state": "failed", "queue": page}} if door.path == f"{BASE}/operations" else {}


async def test_whatever_a_viewer_tries_to_change_is_denied_and_written_down_once(
    server: EmbeddedServer, redis: redis_py.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    async with company(server.url, redis, caplog) as ours:
        place = {**PLACE, "operation_id": (await ours.operation())[0]}
        found = {}
        for door in DOORS:
            ours.forget()
            path = re.sub(r"{(\w+)}", lambda part: place.get(part[1], "x"), door.path)
            answer = await ours.ask("viewer", door.method, path, **sent(door))
            assert ours.endings() in (["denied"], ["begun denied"]), f"{door}: {answer.text} {ours.lines()}"
            found[door] = answer.status_code
        assert set(found.values()) <= {403, 303}
        # Only where a page of an operation says it in a notice is the answer no refusal.
        assert {door.path for door, status in found.items() if status == 303} <= {
            f"{BASE}/operations",
            *(f"{BASE}/operations/{{operation_id}}/{noun}" for noun in ("pauses", "resumptions", "cancellations")),
            f"{BASE}/operations/{{operation_id}}/beginnings",
        }


async def test_what_only_looks_or_makes_no_sense_leaves_no_line(
    server: EmbeddedServer, redis: redis_py.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    async with company(server.url, redis, caplog) as ours:
        await ours.ask("viewer", "GET", f"{BASE}/audit")
        await ours.ask("viewer", "POST", f"{BASE}/api/nowhere")
        await ours.ask("admin", "POST", f"{BASE}/api/queues/default/bull/mail/jobs", content=b"{")

        assert ours.lines() == []


async def prepared(ours: Company, redis: redis_py.Redis, call: Call) -> tuple[str, Any]:
    """The company as this call needs it; where to send it, and what."""
    laid_out(redis)
    await read_now(ours.herd)
    said, place = body(call), address(call)
    if "{operation_id}" in call.path:
        id, scope = await ours.operation()
        place = place.replace(LIVE, id)
        said = {**said, "scope": scope} if "scope" in (said or {}) else said
    if "{group}" in call.path:
        place = place.replace(GROUP, await ours.group())
    if "{removal_id}" in call.path:
        place = place.replace("/undo/known", f"/undo/{await ours.removal()}")
    await ours.over()
    ours.forget()
    return place, said


# What somebody tells an operation is a line of its own, over as soon as it is said; and a flow is removed job by job.
OTHERWISE = {
    "cancel_operation": ["done"],
    "change_job": ["begun done"] * 4,
    "change_queue": ["begun done"] * 2,
    "remove_flow": ["begun done"] * 2,
}


async def test_whatever_an_admin_changes_is_written_down_before_and_after(
    server: EmbeddedServer, redis: redis_py.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    async with company(server.url, redis, caplog) as ours:
        for call in ACTS:
            name = call.answer.__name__
            if name == "pause_operation":
                continue  # one that runs for long enough: below
            path, said = await prepared(ours, redis, call)
            answer = await ours.ask("admin", call.method, path, json=said, params=query(call))
            await ours.over()

            assert answer.status_code == 200, f"{call.method} {call.path}: {answer.text}"
            assert ours.endings() == OTHERWISE.get(name, ["begun done"]), f"{call.method} {call.path}: {ours.lines()}"
            assert {line["who"] for line in ours.lines()} == {"admin"}


async def test_holding_an_operation_is_written_down(
    server: EmbeddedServer, redis: redis_py.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    async with company(server.url, redis, caplog) as ours:
        layout.failed(redis, b"bull:mail:", *(f"f{number}" for number in range(3_000)))
        await read_now(ours.herd)
        id, scope = await ours.operation()
        begun = await ours.ask("admin", "POST", f"{BASE}/api/operations/{id}/resume", json={"scope": scope})
        held = await ours.ask("admin", "POST", f"{BASE}/api/operations/{id}/pause", json={"reason": "look first"})
        ended = await ours.ask("admin", "DELETE", f"{BASE}/api/operations/{id}")
        await ours.over()

        assert (begun.status_code, held.status_code, ended.status_code) == (200, 200, 200)
        told = {line["verb"]: line["ended"] for line in ours.lines()}
        assert told == {"retry": "refused", "pause-operation": "done", "cancel-operation": "done"}


async def test_an_act_in_whose_midst_tickbird_ended_has_an_unknown_outcome(
    server: EmbeddedServer, redis: redis_py.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    async with company(server.url, redis, caplog) as ours:
        entry = begun("retry", MAIL, "3")
        await ours.herd.audit.write(entry)
        assert "under way" in (await ours.ask("admin", "GET", f"{BASE}/audit")).text
        await ours.herd.audit.write(replace(entry, id="old", at=entry.at - 10 * 60_000))
        page = await ours.ask("admin", "GET", f"{BASE}/audit?ended=begun")

        assert page.text.count("unknown outcome") == 1
        assert page.text.count("under way") == 1


async def test_the_page_says_whether_the_log_comes_where_it_is_sent(
    server: EmbeddedServer, redis: redis_py.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    receiver = Receiver()
    hook = {
        "audit_webhook": f"http://localhost:{receiver.port}/t0ken",
        "audit_webhook_secret": "sixteen letters and more",
        "audit_webhook_internal": True,
    }
    async with company(server.url, redis, caplog, **hook) as ours:
        sends = ours.herd.webhook
        assert sends is not None
        assert "is sent to http://localhost" in await audit_page(ours)
        await ours.ask("admin", "POST", f"{BASE}/api/queues/default/bull/mail/pause")

        async def delivered() -> bool:
            return sends.standing.delivered_at is not None and not sends.standing.waiting

        await soon(delivered, seconds=60)
        assert [line["ended"] for line in receiver.lines()] == ["begun", "done"]
        receiver.close()
        answer = await ours.ask("admin", "POST", f"{BASE}/api/queues/default/bull/mail/resume")
        assert answer.status_code == 200

        async def failing() -> bool:
            return sends.standing.failing_since is not None

        await soon(failing, seconds=60)
        page = await audit_page(ours)

    assert "does not get the audit log: no connection" in page
    assert "t0ken" not in page
    assert "sixteen" not in page


async def audit_page(ours: Company) -> str:
    return (await ours.ask("admin", "GET", f"{BASE}/audit", headers={"Accept": "text/html"})).text
