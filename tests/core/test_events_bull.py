"""Bull's messages: what is read of them, and what is no message of Bull's."""

from __future__ import annotations

from collections import Counter

import pytest

from core.events.bull import BullStory, Message, heard
from core.events.reasons import Reasons
from core.events.seen import RESULTS, Source
from core.events.tally import Tally


@pytest.fixture
def story() -> BullStory:
    return BullStory(Tally(Source.PUBSUB, Reasons(), most_names=50, timed_names=False), Counter())


@pytest.mark.parametrize(
    ("channel", "data", "said"),
    [
        (b"bull:mail:waiting@token", b"7", Message(5, b"waiting", b"7")),
        (b"a:b:mail:active@", b"x:y", Message(5, b"active", b"x:y")),
        (b"bull:mail:completed", b'{"jobId":"7","val":"{}"}', Message(5, b"completed", b"7", b'{}"}')),
        (b"bull:mail:completed", b'{"jobId":7,"val":null}', Message(5, b"completed", b"7", b"null}")),
        (b"bull:mail:failed", b'{"jobId":"a\\"b", "val": "no"}', Message(5, b"failed", b'a"b', b'no"}')),
        (b"bull:mail:delayed", b"1794000000000", Message(5, b"delayed")),
    ],
)
def test_a_message_tells_its_queue_and_its_job(channel: bytes, data: bytes, said: Message) -> None:
    base = channel[: channel.rindex(b":") + 1]
    assert heard(channel, data, 5) == (base, said)


@pytest.mark.parametrize(
    ("channel", "data"),
    [
        (b"bull:mail:completed", b"{}"),
        (b"bull:mail:completed", b'{"jobId":"\\u12","val":1}'),
        (b"bull:mail:whatever", b"7"),
        (b"waiting", b"7"),
    ],
)
def test_what_is_no_message_of_bulls_is_passed_over(channel: bytes, data: bytes) -> None:
    assert heard(channel, data, 5) is None


def test_a_job_that_starts_again_was_retried_and_nobody_knows_how_long_it_ran(story: BullStory) -> None:
    story.introduce({b"7": [b"welcome", b"0"]})
    said = [(0, b"waiting"), (4, b"active"), (50, b"active"), (90, b"waiting"), (95, b"active"), (99, b"completed")]
    story.take([Message(at, event, b"7") for at, event in said])

    seen = story.tally.frozen()

    attempts = dict(zip(RESULTS, seen.all.attempts, strict=True))
    assert attempts == {**dict.fromkeys(RESULTS, 0), "completed": 1, "retried": 2}
    assert (run := seen.all.runs[0])
    assert run.sum == 4
    assert seen.all.runs[2] is None
    assert seen.all.wait
    assert (seen.all.wait.count, seen.all.wait.sum) == (2, 9)
    assert (starts := seen.attempts[0])
    assert starts.sum == 3
    assert story.jobs == {}


def test_a_job_given_up_after_stalling_made_no_attempt_that_failed(story: BullStory) -> None:
    story.take([Message(0, b"active", b"7"), Message(9, b"failed", b"7", b'job stalled more than maxStalledCount"}')])

    seen = story.tally.frozen()

    assert seen.all.attempts == (0, 0, 0, 0, 1, 0)
    assert seen.reasons == {"stalled": 1, "other": 0}
    assert seen.attempts == (None, None)
