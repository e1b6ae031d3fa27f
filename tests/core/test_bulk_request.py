"""What may be asked of many jobs at once, and which words make no sense together."""

from __future__ import annotations

import pytest

from core.errors import Invalid
from core.model import QueueId, State
from core.operations.request import Action, Options, Request

MAIL = (QueueId("default", "bull", "mail"),)


@pytest.mark.parametrize(
    "request_",
    [
        Request(Action.RETRY, MAIL),
        Request(Action.RETRY, None, State.COMPLETED, Options(reset_attempts=True, limit=5)),
        Request(Action.PROMOTE, MAIL, State.DELAYED),
        Request(Action.CLEAN, MAIL, State.COMPLETED, Options(grace=1000, limit=10, keep=3)),
        Request(Action.REMOVE, MAIL, State.WAITING_CHILDREN),
        Request(Action.DRAIN, MAIL, options=Options(delayed=True)),
        Request(Action.PAUSE, None),
    ],
    ids=lambda request: request.action,
)
def test_what_makes_sense_passes(request_: Request) -> None:
    request_.check()


@pytest.mark.parametrize(
    ("request_", "word"),
    [
        (Request(Action.RETRY, MAIL, State.WAITING), "waiting"),
        (Request(Action.REMOVE, MAIL), "needs a state"),
        (Request(Action.REMOVE, MAIL, State.ACTIVE), "active"),
        (Request(Action.CLEAN, MAIL, State.DELAYED, Options(keep=3)), "newest"),
        (Request(Action.CLEAN, MAIL, State.FAILED, Options(grace=-1)), "grace"),
        (Request(Action.CLEAN, MAIL, State.FAILED, Options(limit=0)), "limit"),
        (Request(Action.PROMOTE, MAIL, options=Options(keep=1)), "keep"),
        (Request(Action.PAUSE, MAIL, State.WAITING), "no state"),
        (Request(Action.DRAIN, MAIL, State.WAITING), "no state"),
        (Request(Action.RETRY, ()), "No queue"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_word_that_is_wrong(request_: Request, word: str) -> None:
    with pytest.raises(Invalid, match=word):
        request_.check()


def test_a_drain_goes_through_all_that_is_ready_and_on_request_through_what_is_delayed() -> None:
    ready = (State.WAITING, State.PAUSED, State.PRIORITIZED)

    assert Request(Action.DRAIN, MAIL).states == ready
    assert Request(Action.DRAIN, MAIL, options=Options(delayed=True)).states == (*ready, State.DELAYED)
