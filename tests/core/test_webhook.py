"""The audit log told elsewhere: in order, signed, never in the way of who acts, and said where it fails."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from core.audit import webhook
from core.audit.entry import Ended
from core.audit.trail import Trail
from core.audit.webhook import Webhook
from core.audit.webhook_target import webhook_target
from core.errors import Invalid
from core.settings import Settings, load
from core.store.memory import MemoryStore
from tests.core.receiver import SECRET, Receiver, delivered, erring, failing, free_port, hook, line, target, telling
from tests.core.waiting import soon


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()
    yield found
    found.close()


async def test_every_line_of_an_act_comes_once_in_order_and_signed(receiver: Receiver) -> None:
    sends = hook(target(receiver.port))
    trail = Trail(MemoryStore(), sends.tell)
    for _ in range(3):
        async with trail.act("retry", job="7", reason="they were down"):
            pass
    await trail.denied("POST /x", "This needs more.")
    await delivered(sends)
    await sends.stop()
    lines = receiver.lines()

    assert [line["ended"] for line in lines] == ["begun", "done"] * 3 + ["denied"]
    assert len({line["line"] for line in lines}) == 7
    assert lines[0]["line"] == f"{lines[0]['id']}-begun"
    assert lines[0]["reason"] == "they were down"
    for headers, body in receiver.bodies:
        at, _, signed = headers["tickbird-signature"].removeprefix("t=").partition(",v1=")
        assert signed == hmac.new(SECRET.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
        assert abs(int(at) - lines[0]["at"] / 1000) < 600


async def test_a_receiver_that_comes_back_gets_all_of_it_in_order(caplog: pytest.LogCaptureFixture) -> None:
    port = free_port()
    sends = hook(target(port))
    for number in range(120):
        sends.tell(line(number))
    why = await failing(sends)
    assert "no connection" in why
    assert sends.standing.failing_since is not None
    receiver = Receiver(port=port)
    try:
        await delivered(sends)
    finally:
        await sends.stop()
        receiver.close()

    assert [one["id"] for one in receiver.lines()] == [f"e{number}" for number in range(120)]
    assert sends.standing.failing_since is None
    # One line for the trouble, however often it was tried, and one when it was over.
    assert len(telling(caplog)) == 2
    assert not any(SECRET in said or "t0ken" in said for said in telling(caplog))


async def test_where_too_many_wait_the_oldest_go_and_that_is_said(caplog: pytest.LogCaptureFixture) -> None:
    port = free_port()
    sends = hook(target(port), most=10)
    for number in range(25):
        sends.tell(line(number))
    await failing(sends)
    assert (sends.standing.waiting, sends.standing.dropped) == (10, 15)
    receiver = Receiver(port=port)
    try:
        await delivered(sends)
    finally:
        await sends.stop()
        receiver.close()

    assert json.loads(receiver.bodies[0][1])["dropped"] == 15
    assert json.loads(receiver.bodies[-1][1])["dropped"] == 0
    assert [one["id"] for one in receiver.lines()] == [f"e{number}" for number in range(15, 25)]
    assert (sends.standing.dropped, sends.standing.lost) == (0, 15)
    assert any("too slow" in said for said in telling(caplog))


async def test_whoever_acts_waits_for_no_slow_receiver() -> None:
    let_go = threading.Event()

    def hanging(_answer: BaseHTTPRequestHandler) -> None:
        let_go.wait(60)

    receiver = Receiver(hanging)
    sends = hook(target(receiver.port), most=5)
    trail = Trail(MemoryStore(), sends.tell)

    async def came() -> bool:
        return bool(receiver.bodies)

    try:
        for _ in range(20):
            async with trail.act("retry"):
                pass
            if sends.standing.waiting == 1:
                await soon(came, seconds=60)
        # Nothing was answered, and all twenty acts are over.
        assert sends.standing.delivered_at is None
        assert sends.standing.lost
        await sends.stop()
    finally:
        let_go.set()
        receiver.close()


async def test_what_was_delivered_while_the_queue_ran_over_is_not_said_to_be_lost() -> None:
    let_go = threading.Event()

    def slow(answer: BaseHTTPRequestHandler) -> None:
        let_go.wait(60)
        Receiver.fine(answer)

    receiver = Receiver(slow)
    sends = hook(target(receiver.port), most=2)

    async def came() -> bool:
        return bool(receiver.bodies)

    try:
        sends.tell(line(1))
        await soon(came, seconds=60)
        sends.tell(line(2))
        sends.tell(line(3))
        assert sends.standing.lost == 1
        let_go.set()
        await delivered(sends)
    finally:
        await sends.stop()
        receiver.close()

    assert [one["id"] for one in receiver.lines()] == ["e1", "e2", "e3"]
    assert (sends.standing.lost, sends.standing.dropped) == (0, 0)


async def test_stopping_tries_once_more_what_waits(receiver: Receiver, caplog: pytest.LogCaptureFixture) -> None:
    receiver.answers = erring
    # The next try would come in an hour.
    sends = Webhook(target(receiver.port), pause=lambda _tries: 3600)
    for number in range(3):
        sends.tell(line(number))
    await failing(sends)
    receiver.answers = Receiver.fine
    await sends.stop()

    assert sends.standing.waiting == 0
    assert [one["id"] for one in receiver.lines()][-3:] == ["e0", "e1", "e2"]


async def test_stopping_says_what_was_not_delivered(caplog: pytest.LogCaptureFixture) -> None:
    sends = Webhook(target(free_port()), pause=lambda _tries: 3600)
    sends.tell(line(1))
    await failing(sends)
    await sends.stop()

    assert "1 lines of the audit log were not delivered" in telling(caplog)[-1]


async def test_nothing_is_sent_without_a_line_and_stopping_is_quick() -> None:
    sends = hook(target(1))
    await sends.stop()

    assert sends.standing == webhook.Standing("http://127.0.0.1:1")


@pytest.mark.parametrize(
    ("url", "secret"),
    [
        ("hooks.example.com", SECRET),
        ("ftp://hooks.example.com/t0ken", SECRET),
        ("https:///t0ken", SECRET),
        ("https://hooks.example.com:99999/t0ken", SECRET),
        ("https://hooks.example.com/t0ken \n", SECRET),
        ("https://hooks.example.com/t0ken", "short"),
        ("https://hooks.example.com/t0ken", ""),
    ],
)
def test_a_webhook_that_makes_no_sense_is_refused_without_being_quoted(url: str, secret: str) -> None:
    with pytest.raises(Invalid, match=r"audit\.webhook") as refused:
        load(None, {"TICKBIRD_AUDIT_WEBHOOK": url, "TICKBIRD_AUDIT_WEBHOOK_SECRET": secret}, {})

    assert "t0ken" not in str(refused.value)
    assert not secret or secret not in str(refused.value)


def test_there_is_none_unless_it_is_configured_and_its_secret_shows_nowhere(tmp_path: Path) -> None:
    assert webhook_target(Settings()) is None
    file = tmp_path / "secret"
    file.write_text(f"{SECRET}\n")
    said = {"TICKBIRD_AUDIT_WEBHOOK": "https://u:t0ken@hooks.example.com/t0ken"}
    settings = load(None, {**said, "TICKBIRD_AUDIT_WEBHOOK_SECRET_FILE": str(file)}, {})
    found = webhook_target(settings)

    assert found is not None
    assert found.secret == SECRET
    assert found.shown == "https://hooks.example.com"
    assert not any(word in repr(settings) + repr(found) for word in (SECRET, "t0ken"))


async def test_a_line_that_begins_and_ends_has_two_names(caplog: pytest.LogCaptureFixture, receiver: Receiver) -> None:
    sends = hook(target(receiver.port))
    trail = Trail(MemoryStore(), sends.tell)
    with caplog.at_level(logging.INFO, "tickbird.audit"):
        async with trail.act("pause"):
            await delivered(sends)
    await delivered(sends)
    await sends.stop()
    begun, done = receiver.lines()

    assert begun["id"] == done["id"]
    assert (begun["line"], done["line"]) == (f"{begun['id']}-begun", f"{done['id']}-done")
    assert {begun["ended"], done["ended"]} == {Ended.BEGUN, Ended.DONE}
