"""Answers shared by all who ask at about the same time: one reading, no failure kept, nothing held for long."""

from __future__ import annotations

import asyncio
import gc
import logging
import weakref

import pytest

from core.access.asker import Asker, asker, asking
from core.permission import Permission
from core.shared import MOST, Shared


class Question:
    """Something to be read, which counts how often it was and answers when told to."""

    def __init__(self) -> None:
        self.asked = 0
        self.answered = asyncio.Event()
        self.fault: Exception | None = None

    async def read(self) -> int:
        self.asked += 1
        await self.answered.wait()
        if self.fault:
            raise self.fault
        return self.asked


class Large:
    """An answer whose end can be watched."""


@pytest.fixture
def question() -> Question:
    return Question()


async def test_those_who_ask_at_the_same_time_get_one_answer(question: Question) -> None:
    shared = Shared()
    asking = [asyncio.create_task(shared.get("mail", question.read)) for _ in range(20)]
    await asyncio.sleep(0)
    question.answered.set()
    assert await asyncio.gather(*asking) == [1] * 20
    assert await shared.get("mail", question.read) == 1


async def test_an_answer_gets_old(question: Question) -> None:
    shared = Shared()
    question.answered.set()
    assert await shared.get("mail", question.read, fresh=0.0) == 1
    await asyncio.sleep(0.001)
    assert await shared.get("mail", question.read, fresh=60.0) == 2
    assert await shared.get("mail", question.read, fresh=60.0) == 2


async def test_other_questions_have_other_answers(question: Question) -> None:
    shared = Shared()
    question.answered.set()
    assert [await shared.get(key, question.read) for key in ("mail", "video", "mail")] == [1, 2, 1]


async def test_a_failure_is_told_to_all_who_wait_and_not_kept(question: Question) -> None:
    shared = Shared()
    question.fault = ValueError("away")
    asking = [asyncio.create_task(shared.get("mail", question.read)) for _ in range(3)]
    await asyncio.sleep(0)
    question.answered.set()
    assert [type(answer) for answer in await asyncio.gather(*asking, return_exceptions=True)] == [ValueError] * 3
    question.fault = None
    assert await shared.get("mail", question.read) == 2


async def test_an_asker_who_goes_away_does_not_take_the_answer_along(question: Question) -> None:
    shared = Shared()
    first = asyncio.create_task(shared.get("mail", question.read))
    second = asyncio.create_task(shared.get("mail", question.read))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    question.answered.set()
    assert await second == 1
    assert first.cancelled()


async def test_a_failure_that_nobody_waits_for_any_more_is_no_news(
    question: Question, caplog: pytest.LogCaptureFixture
) -> None:
    shared = Shared()
    question.fault = ValueError("away")
    asking = asyncio.create_task(shared.get("mail", question.read))
    await asyncio.sleep(0)
    asking.cancel()
    question.answered.set()
    await asyncio.sleep(0.01)
    del shared, asking
    gc.collect()
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


async def test_what_was_changed_is_asked_anew(question: Question) -> None:
    shared = Shared()
    question.answered.set()
    assert await shared.get(("mail", 1), question.read) == 1
    assert await shared.get(("video", 1), question.read) == 2
    shared.forget(lambda key: isinstance(key, tuple) and key[0] == "mail")
    assert await shared.get(("mail", 1), question.read) == 3
    assert await shared.get(("video", 1), question.read) == 2


async def test_an_answer_on_its_way_when_something_changed_is_not_given_to_those_who_ask_later(
    question: Question,
) -> None:
    shared = Shared()
    early = asyncio.create_task(shared.get("mail", question.read))
    await asyncio.sleep(0)
    shared.forget(lambda _: True)
    late = asyncio.create_task(shared.get("mail", question.read))
    await asyncio.sleep(0)
    question.answered.set()
    await asyncio.gather(early, late)
    assert question.asked == 2


async def test_an_answer_that_is_no_longer_fresh_is_not_held_in_memory() -> None:
    shared, held = Shared(), []

    async def read() -> Large:
        answer = Large()
        held.append(weakref.ref(answer))
        return answer

    for number in range(5):
        await shared.get(("job", number), read, fresh=0.01)
    await asyncio.sleep(0.05)
    await shared.get("another", read)
    gc.collect()
    assert [reference() for reference in held[:5]] == [None] * 5


async def test_no_more_than_so_many_answers_are_kept(question: Question) -> None:
    shared = Shared()
    question.answered.set()
    for number in range(MOST * 2):
        await shared.get(number, question.read, fresh=60.0)
    assert len(shared._answers) <= MOST


async def test_an_answer_is_shared_only_by_those_for_whom_the_same_is_there_and_allowed() -> None:
    shared = Shared()
    everything, looking = frozenset(Permission), frozenset({Permission.VIEW})
    askers = [
        Asker("ada", "admin", everything),
        Asker("eve", "viewer", looking),
        Asker("bob", "viewer", looking, queues=("mail",)),
        Asker("joe", "viewer", looking, instances=("shop",)),
        Asker("kay", "viewer", looking, reveals=True),
    ]

    async def asked(who: Asker) -> str:
        async def read() -> str:
            await asyncio.sleep(0)
            return asker().name

        with asking(who):
            return await shared.get("the same question", read)

    for _ in range(2):
        assert await asyncio.gather(*(asked(who) for who in askers)) == [who.name for who in askers]
    twin = Asker("vic", "viewer", looking)
    assert await asked(twin) == "eve"
