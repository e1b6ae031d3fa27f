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
        Request(Action.PAUSE, None, matching="email*"),
        Request(Action.OBLITERATE, MAIL, options=Options(force=True)),
        Request(Action.DROP_GHOSTS, None),
        Request(Action.MOVE, MAIL, State.FAILED, Options(to=QueueId("default", "bull", "video"), limit=3)),
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
        (Request(Action.MOVE, MAIL, State.FAILED), "option to"),
        (Request(Action.RETRY, MAIL, options=Options(to=MAIL[0])), "to"),
        (Request(Action.RETRY, MAIL, matching="m*"), "not both"),
        (Request(Action.OBLITERATE, MAIL, State.WAITING), "no state"),
        (Request(Action.OBLITERATE, MAIL, options=Options(limit=3)), "limit"),
        (Request(Action.DROP_GHOSTS, MAIL, State.FAILED), "no state"),
        (Request(Action.REMOVE, MAIL, State.FAILED, Options(force=True)), "force"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_word_that_is_wrong(request_: Request, word: str) -> None:
    with pytest.raises(Invalid, match=word):
        request_.check()


def test_a_drain_goes_through_all_that_is_ready_and_on_request_through_what_is_delayed() -> None:
    ready = (State.WAITING, State.PAUSED, State.PRIORITIZED)

    assert Request(Action.DRAIN, MAIL).states == ready
    assert Request(Action.DRAIN, MAIL, options=Options(delayed=True)).states == (*ready, State.DELAYED)


def test_a_pattern_chooses_queues_by_name_in_whatever_redis() -> None:
    names = ("email", "email:bulk", "Email", "my-email")
    known = [QueueId(instance, "bull", name) for instance in ("a", "b") for name in names]

    chosen = Request(Action.PAUSE, None, matching="email*").chosen(known)
    assert [(id.instance, id.name) for id in chosen] == [(i, n) for i in "ab" for n in names[:2]]
    assert Request(Action.PAUSE, None).chosen(known) == tuple(known)
    assert Request(Action.PAUSE, (known[3], known[3])).chosen(known) == (known[3],)
