"""Dead letters that the real library wrote go back to their queue, and its worker runs each of them once."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import textwrap
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import redis as redis_py

from core.dead_letters.front import DeadLetters
from core.dead_letters.letter import How, Report
from core.errors import Unavailable
from core.instance import Instance
from core.model import QueueId, State
from core.redis_settings import RedisSettings
from core.settings import Settings
from tests.interop.dead_letter_shapes import FAILED_AT, SHAPES
from tests.interop.node_driver import Library, NodeDriver, NodeQueue, until
from tests.interop.ours import ACTED_ON, named
from tests.interop.sighted import found, grounded, seen
from tickbird.demo.server import EmbeddedServer

ROOT = Path(__file__).parents[2]
DEAD, MAIL = QueueId("default", "bull", "dead"), QueueId("default", "bull", "mail")
BIG = 123456789012345678901234567890
each_library = pytest.mark.parametrize("library", ACTED_ON, ids=named)
newest = pytest.mark.parametrize(
    "library", [each for each in ACTED_ON if each.alias in ("bull4", "bullmq3", "bullmq5", "bullmq6")], ids=named
)


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is tested is what is told, not how fast this machine is."""
    for module in ("sight", "dead_letters.front"):
        monkeypatch.setattr(f"core.{module}.PATIENCE", 30.0)


@pytest.fixture
def dead(node: NodeDriver, library: Library) -> NodeQueue:
    queue = node.library(library.alias).queue("dead")
    queue.open()
    return queue


@pytest.fixture
def letters(instance: Instance, mail: NodeQueue, dead: NodeQueue) -> DeadLetters:
    return room(instance, mail, dead)


def room(instance: Instance, *queues: NodeQueue) -> DeadLetters:
    sight = seen(instance, *found(*queues))
    return DeadLetters(sight, grounded(sight), Settings())


def bury(dead: NodeQueue, number: int, **more: Any) -> str:
    """A dead letter as the third shape has it; its job leaves nothing behind once it has run."""
    opts = {"attempts": 2, "removeOnComplete": True}
    data = {
        "originalQueue": "mail",
        "jobName": "send",
        "jobData": {"n": number},
        "jobOptions": opts,
        "error": "ECONNRESET",
        "failedAt": FAILED_AT,
    }
    return str(dead.add("gave-up", {**data, **more})["id"])


def numbers(mail: NodeQueue) -> Counter[str]:
    """How often each job ran."""
    return Counter(run["jobId"] for run in mail.truth() if run["outcome"] == "completed")


def run_out(mail: NodeQueue, jobs: int) -> Counter[str]:
    with mail.worker(concurrency=4):
        until(lambda: len(mail.truth()) >= jobs and all(run["outcome"] for run in mail.truth()))
        until(lambda: not (mail.ids("waiting") or mail.ids("active") or mail.ids("delayed")))
    return numbers(mail)


@pytest.mark.proves("dead-letters")
@each_library
async def test_every_shape_goes_back_as_what_it_was(letters: DeadLetters, mail: NodeQueue, dead: NodeQueue) -> None:
    for name, data in SHAPES.values():
        dead.add(name, data)
    page = await letters.look(DEAD, State.WAITING)
    assert [letter.told is not None for letter in page.letters] == [True] * len(SHAPES)
    assert {letter.told.error for letter in page.letters if letter.told} == {"boom"}
    report = await letters.send_all(DEAD, How(to=MAIL, name="send"))
    assert (report.sent, report.refused, report.left, report.trouble) == (len(SHAPES), 0, 0, "")
    jobs = mail.jobs("waiting")
    assert {(job["name"], json.dumps(job["data"])) for job in jobs} == {("send", '{"to": "ada"}')}
    # Where nothing is said of attempts, the library's own default holds.
    default = 1 if mail.library.facts.is_bull else 0
    assert sorted(job["opts"]["attempts"] for job in jobs) == [default, default, 3, 3, 4]
    assert dead.ids("waiting") == []
    assert Counter(run_out(mail, len(SHAPES)).values()) == {1: len(SHAPES)}


@newest
async def test_data_go_back_as_they_were_written(
    letters: DeadLetters, mail: NodeQueue, dead: NodeQueue, redis: redis_py.Redis
) -> None:
    id = bury(dead, 1)
    text = f'{{"originalQueue":"mail","jobName":"send","jobData":{{ "n": {BIG}, "x": 1.10 }},"error":"boom"}}'
    redis.hset(f"bull:dead:{id}", "data", text)
    report = await letters.send(DEAD, [id], How())
    (sent,) = report.results
    assert redis.hget(f"bull:mail:{sent.job_id}", "data") == f'{{ "n": {BIG}, "x": 1.10 }}'.encode()


@newest
async def test_many_who_press_at_once_send_each_once(letters: DeadLetters, mail: NodeQueue, dead: NodeQueue) -> None:
    ids = [bury(dead, number) for number in range(60)]
    with mail.worker(concurrency=4):
        pressed = [letters.send_all(DEAD, How()) for _ in range(3)]
        pressed += [letters.send(DEAD, ids[start : start + 30], How()) for start in (0, 0, 30)]
        reports: list[Report] = await asyncio.gather(*pressed)
        until(lambda: len(mail.truth()) >= len(ids))
    assert sum(report.sent for report in reports) == len(ids)
    assert dead.ids("waiting") == []
    assert Counter(run_out(mail, len(ids)).values()) == {1: len(ids)}


class Cut(Instance):
    """A Redis that goes away before one script of ours, or just after."""

    verb, after = "", False

    async def script(self, script: Any, keys: Any, arguments: Any) -> Any:
        if script.name.endswith(f"/{self.verb}"):
            verb, self.verb = self.verb, ""
            if self.after:
                await super().script(script, keys, arguments)
            raise Unavailable(f"Gone at {verb}.")
        return await super().script(script, keys, arguments)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("verb", ["claim_letter", "receive", "remove"])
@newest
async def test_what_was_cut_off_anywhere_is_finished_and_never_done_twice(
    server: EmbeddedServer, mail: NodeQueue, dead: NodeQueue, verb: str, after: bool
) -> None:
    cut = Cut(RedisSettings("default", server.url, ("*",)))
    cut.verb, cut.after = verb, after
    letters = room(cut, mail, dead)
    for number in range(5):
        bury(dead, number)
    try:
        await letters.send_all(DEAD, How())
        with mail.worker():
            until(lambda: not (mail.ids("waiting") or mail.ids("active")))
        report = await letters.send_all(DEAD, How())
        await letters.send_all(DEAD, How())
    finally:
        await cut.close()
    assert report.refused == 0
    assert dead.ids("waiting") == []
    assert Counter(run_out(mail, 5).values()) == {1: 5}


SENDER = """
    import asyncio, sys
    sys.path.insert(0, sys.argv[3])
    from core.dead_letters import front
    from core.dead_letters.letter import How
    from core.instance import Instance
    from core.model import Dialect, Identity, Queue, QueueId
    from core.redis_settings import RedisSettings
    from core.settings import Settings
    from tests.interop.sighted import grounded, seen

    front.SLICE = 3

    async def main():
        instance = Instance(RedisSettings("default", sys.argv[1], ("*",)))
        identity = Identity(Dialect(sys.argv[2]), None, ())
        queues = [Queue(QueueId("default", "bull", name), identity, False, {}) for name in ("mail", "dead")]
        sight = seen(instance, *queues)
        await front.DeadLetters(sight, grounded(sight), Settings()).send_all(queues[1].id, How())

    asyncio.run(main())
"""


def killed(program: list[str], dead: NodeQueue, left: int) -> None:
    """It runs until no more than so many are left, and no longer."""
    with subprocess.Popen(program, cwd=ROOT) as sender:
        until(lambda: len(dead.ids("waiting")) <= left, timeout=30)
        sender.send_signal(signal.SIGKILL)


@newest
async def test_a_tickbird_killed_on_the_way_leaves_nothing_to_be_run_twice(
    server: EmbeddedServer, letters: DeadLetters, mail: NodeQueue, dead: NodeQueue, library: Library
) -> None:
    total = 240
    for number in range(total):
        bury(dead, number)
    program = [sys.executable, "-c", textwrap.dedent(SENDER), server.url, library.dialect, str(ROOT)]
    with mail.worker(concurrency=4):
        for left in (200, 120, 40):
            killed(program, dead, left)
        report = await letters.send_all(DEAD, How())
        assert (report.refused, report.left, report.trouble) == (0, 0, "")
        until(lambda: len(mail.truth()) >= total)
    assert dead.ids("waiting") == []
    assert Counter(run_out(mail, total).values()) == {1: total}


@newest
async def test_one_that_is_kept_is_sent_once_and_once_more_only_when_somebody_says_so(
    letters: DeadLetters, mail: NodeQueue, dead: NodeQueue
) -> None:
    id = bury(dead, 1)
    first, second = [await letters.send(DEAD, [id], How(keep=True)) for _ in range(2)]
    assert (first.sent, second.sent, second.before) == (1, 0, 1)
    (letter,) = (await letters.look(DEAD, State.WAITING)).letters
    assert letter.mark is not None
    assert letter.mark.done
    again = How(keep=True, again=letter.mark.at + 1)
    third, fourth = [await letters.send(DEAD, [id], again) for _ in range(2)]
    assert (third.sent, fourth.sent) == (1, 0)
    gone = await letters.send(DEAD, [id], How())
    assert (gone.before, gone.results[0].stays) == (1, False)
    assert Counter(run_out(mail, 2).values()) == {1: 2}


@newest
async def test_the_name_and_options_of_a_failed_job_that_is_still_there_are_taken_from_it(
    letters: DeadLetters, mail: NodeQueue, dead: NodeQueue
) -> None:
    original = mail.add("send", {"script": {"fail": "boom"}}, attempts=3, priority=5)
    with mail.worker():
        mail.wait_for_state(original["id"], "failed")
    data = {"originalQueue": "mail", "originalJobId": original["id"], "data": original["data"], "error": "boom"}
    id = dead.add("gave-up", {**data, "failedAt": FAILED_AT})["id"]
    report = await letters.send(DEAD, [id], How())
    (sent,) = report.results
    assert sent.code == "sent", sent.sentence
    job = mail.job(str(sent.job_id))
    assert job is not None
    assert (job["name"], job["opts"]["attempts"], job["opts"]["priority"]) == ("send", 3, 5)


@newest
async def test_what_cannot_be_known_is_asked_for_and_stays_until_it_is_said(
    letters: DeadLetters, dead: NodeQueue
) -> None:
    id = dead.add("gave-up", {"originalJob": {"to": "ada"}, "error": "boom"})["id"]
    assert (await letters.send(DEAD, [id], How())).refused == 1
    assert (await letters.send(DEAD, [id], How(to=MAIL))).refused == 1
    report = await letters.send(DEAD, [id], How(to=MAIL, name="send"))
    assert report.sent == 1
