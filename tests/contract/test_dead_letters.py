"""Sending dead letters back, in every dialect, where something stands against it."""

from __future__ import annotations

import json
from typing import Any

import pytest
import redis as redis_py

from core.dead_letters.front import DeadLetters
from core.dead_letters.letter import How, Mark, job_id_for
from core.errors import Forbidden, Invalid
from core.ground import Ground
from core.instance import Instance
from core.model import State
from core.mutations.receiving import REMEMBERED
from core.redaction.redaction import HIDDEN, Rule
from core.settings import Settings
from core.sight import Sight, now
from core.snapshot import Pass, Reading, Snapshot
from tests.contract.laid_out import LAYOUTS, LaidOut, Layout

pytestmark = pytest.mark.parametrize("layout", LAYOUTS, ids=str)
BURIED = {"originalQueue": "mail", "jobName": "send", "jobData": {"token": "abc", "n": 1}, "error": "token=abc"}


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is tested is what is told, not how fast this machine is."""
    for module in ("sight", "dead_letters.front"):
        monkeypatch.setattr(f"core.{module}.PATIENCE", 30.0)


@pytest.fixture
def dead(redis: redis_py.Redis, instance: Instance, layout: Layout) -> LaidOut:
    return LaidOut(redis, instance, layout, name="dead")


def sight_of(*queues: LaidOut) -> Sight:
    sight = Sight({"default": queues[0].instance}, Snapshot(0, ()))
    reading = Reading("default", now(), tuple(queue.queue for queue in queues), None, Pass(last_seconds=0.1))
    sight.publish(Snapshot(1, (reading,)))
    return sight


def room(*queues: LaidOut, refusal: str = "") -> DeadLetters:
    sight = sight_of(*queues)
    return DeadLetters(sight, Ground(sight.instances, sight.queue, sight.forget, refusal=refusal), Settings())


def buried(dead: LaidOut, job_id: str, state: State = State.WAITING, **more: Any) -> str:
    data = {**BURIED, **more}
    return dead.add(job_id, state, data=json.dumps(data), opts="{}", timestamp=1, delay=0, priority=0)


def mark(dead: LaidOut, mail: LaidOut, job_id: str, at: int) -> None:
    """It was begun to be sent back at that moment, and nothing more."""
    dead.redis.hset(dead.base + job_id, "sentBack", Mark("default", "bull", "mail", f"sent-back-{job_id}", at).encode())


async def test_wherever_they_lie_they_are_sent_back(dead: LaidOut, mail: LaidOut) -> None:
    letters = room(dead, mail)
    states = letters.states(dead.queue.id)
    for at, state in enumerate(states):
        buried(dead, str(at), state)
        buried(dead, f"x{at}", state)
    one_by_one = await letters.send(dead.queue.id, [str(at) for at in range(len(states))], How())
    assert one_by_one.sent == len(states)
    everything = await letters.send_all(dead.queue.id, How())
    assert (everything.sent, everything.left) == (len(states), 0)
    assert len(mail.line("wait")) == 2 * len(states)
    assert not dead.redis.keys(f"{dead.base}[0-9x]*")


async def test_one_that_a_worker_holds_stays_and_its_job_is_not_added(dead: LaidOut, mail: LaidOut) -> None:
    buried(dead, "1")
    dead.redis.set(f"{dead.base}1:lock", "somebody")
    report = await room(dead, mail).send(dead.queue.id, ["1"], How())
    assert (report.refused, mail.line("wait"), dead.line("wait")) == (1, [], ["1"])
    assert "worker holds" in report.results[0].sentence


async def test_one_that_is_gone_is_said_to_be(dead: LaidOut, mail: LaidOut) -> None:
    report = await room(dead, mail).send(dead.queue.id, ["1", "1", "2"], How())
    assert [(sent.id, sent.code) for sent in report.results] == [("1", "refused"), ("2", "refused")]


async def test_one_begun_so_long_ago_that_nobody_remembers_is_not_guessed_about(dead: LaidOut, mail: LaidOut) -> None:
    buried(dead, "1")
    mark(dead, mail, "1", now() - REMEMBERED - 1000)
    letters = room(dead, mail)
    report = await letters.send(dead.queue.id, ["1"], How())
    assert "may have run and be gone" in report.results[0].sentence
    assert (mail.line("wait"), dead.line("wait")) == ([], ["1"])
    again = await letters.send(dead.queue.id, ["1"], How(again=now()))
    assert (again.sent, len(mail.line("wait"))) == (1, 1)


async def test_one_begun_a_moment_ago_is_gone_on_with(dead: LaidOut, mail: LaidOut) -> None:
    buried(dead, "1")
    mark(dead, mail, "1", now() - 1000)
    report = await room(dead, mail).send(dead.queue.id, ["1"], How())
    assert (report.sent, mail.line("wait"), dead.line("wait")) == (1, ["sent-back-1"], [])


async def test_one_begun_to_go_elsewhere_does_not_go_here_too(dead: LaidOut, mail: LaidOut) -> None:
    buried(dead, "1")
    elsewhere = Mark("default", "bull", "video", "sent-back-1", now())
    dead.redis.hset(f"{dead.base}1", "sentBack", elsewhere.encode())
    report = await room(dead, mail).send(dead.queue.id, ["1"], How())
    assert "begun to be sent to video" in report.results[0].sentence
    assert mail.line("wait") == []


async def test_a_field_of_that_name_which_somebody_else_wrote_is_left_alone(dead: LaidOut, mail: LaidOut) -> None:
    buried(dead, "1")
    dead.redis.hset(f"{dead.base}1", "sentBack", "yesterday")
    report = await room(dead, mail).send(dead.queue.id, ["1"], How())
    assert report.sent == 1


async def test_what_must_not_be_seen_is_not_shown_and_goes_back_all_the_same(dead: LaidOut, mail: LaidOut) -> None:
    buried(dead, "1")
    dead.instance.hidden = (Rule(keys=("token",)),)
    letters = room(dead, mail)
    (letter,) = (await letters.look(dead.queue.id, State.WAITING)).letters
    assert letter.told is not None
    assert letter.told.error == f"token={HIDDEN}"
    assert "abc" not in repr(letter) + letter.written
    report = await letters.send(dead.queue.id, ["1"], How())
    stored = mail.redis.hget(f"{mail.base}{report.results[0].job_id}", "data")
    assert json.loads(stored) == {"token": "abc", "n": 1}


async def test_broken_options_refuse_their_own_letter_and_no_other(dead: LaidOut, mail: LaidOut) -> None:
    buried(dead, "1", jobOptions={"attempts": "many"})
    buried(dead, "2", jobOptions={"attempts": 4, "priority": 2, "jobId": "7", "parent": {"id": "1"}, "delay": 1000})
    dead.add("3", State.WAITING, data="no json", timestamp=1)
    dead.add("4", State.WAITING, data=json.dumps({"originalQueue": "dead", "jobData": 1, "error": "x"}), timestamp=1)
    report = await room(dead, mail).send_all(dead.queue.id, How())
    assert {sent.id: sent.code for sent in report.results} == {
        "1": "refused",
        "2": "sent",
        "3": "refused",
        "4": "refused",
    }
    assert (report.left, dead.line("wait")) == (0, ["1", "3", "4"])
    (sent,) = (sent for sent in report.results if sent.id == "2")
    options = json.loads(mail.redis.hget(f"{mail.base}{sent.job_id}", "opts"))
    assert (options["attempts"], options["priority"], options["jobId"]) == (4, 2, sent.job_id)
    assert options.get("delay", 0) == 0
    assert "parent" not in options


async def test_many_are_sent_in_slices_and_what_is_left_is_said(
    dead: LaidOut, mail: LaidOut, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(130):
        buried(dead, f"a{number}", State.FAILED)
    dead.add("odd", State.FAILED, score=0, data="{}", timestamp=1)
    letters = room(dead, mail)
    monkeypatch.setattr("core.dead_letters.front.PATIENCE", 0.0)
    nothing = await letters.send_all(dead.queue.id, How())
    assert (nothing.sent, nothing.left) == (0, 131)
    monkeypatch.undo()
    rest = await letters.send_all(dead.queue.id, How(), after=nothing.next)
    assert (rest.sent, rest.refused, rest.left, rest.next) == (130, 1, 0, None)
    with pytest.raises(Invalid):
        await letters.send_all(dead.queue.id, How(), after="nowhere")


async def test_a_tickbird_that_may_only_read_sends_nothing(dead: LaidOut, mail: LaidOut) -> None:
    buried(dead, "1")
    before = dead.everything()
    with pytest.raises(Forbidden):
        await room(dead, mail, refusal="It may only read.").send_all(dead.queue.id, How())
    assert dead.everything() == before


async def test_the_job_of_a_dead_letter_has_one_id_and_no_other_has_it(dead: LaidOut, mail: LaidOut) -> None:
    for number in range(1, 21):
        buried(dead, str(number))
    page = await room(dead, mail).look(dead.queue.id, State.WAITING)
    ids = {job_id_for(dead.queue.id, letter, turn) for letter in page.letters for turn in range(3)}
    assert len(ids) == 60
    assert all(id.startswith("sent-back-") and ":" not in id for id in ids)
