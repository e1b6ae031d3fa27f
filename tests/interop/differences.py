"""Every place where we differ from a library on purpose: why, and how the library's result becomes ours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.interop.keyspace import Seen
from tests.interop.node_libraries import LIBRARIES

EVERYWHERE = tuple(library.alias for library in LIBRARIES)


@dataclass(frozen=True)
class Difference:
    """`apply` changes what the library left into what we leave."""

    why: str
    apply: Callable[[Seen], None]


def at(difference: Difference, *aliases: str) -> dict[str, Difference]:
    """The libraries at which we differ so."""
    return dict.fromkeys(aliases, difference)


def _marker(seen: Seen) -> None:
    seen.keys["marker"] = [("0", 0.0)]


def _marker_of_the_next_time(seen: Seen) -> None:
    seen.keys["marker"] = [("1", "<ms>")]


def _prioritised(seen: Seen) -> None:
    """From the back of the list to its place between `urgent` and `bulk`."""
    seen.keys["wait"].remove("subject")
    counter = int(seen.keys["pc"]) + 1
    seen.keys["pc"] = str(counter)
    seen.keys["prioritized"].insert(1, ("subject", 5 * 2**32 + counter))


def _prioritised_in_list(seen: Seen) -> None:
    seen.keys["wait"].remove("subject")
    seen.keys["wait"].insert(seen.keys["wait"].index("urgent"), "subject")
    seen.keys["priority"].insert(1, ("subject", 5.0))


def _set_aside(seen: Seen) -> None:
    seen.keys["paused"] = [*seen.keys.pop("wait"), *seen.keys.get("paused", [])]


def _next_in_line(seen: Seen) -> None:
    seen.keys["wait"].remove("subject")
    seen.keys["wait"].append("subject")


def _last_word_unsaid(seen: Seen) -> None:
    seen.events = seen.events[:-1]
    seen.published = seen.published[:-1]


def _expected_again(seen: Seen) -> None:
    seen.keys["parent:dependencies"] = sorted({*seen.keys["parent:dependencies"], "<queue>:child0"})
    del seen.keys["parent:processed"]


def _not_expected_again(seen: Seen) -> None:
    seen.keys["parent:processed"] = {"<queue>:child0": "null"}
    del seen.keys["parent:dependencies"]


def _parent_by_priority(seen: Seen) -> None:
    seen.keys["wait"].remove("parent")
    seen.keys["pc"] = "1"
    seen.keys["prioritized"] = [("parent", 7.0 * 2**32 + 1)]


def _parent_by_priority_in_list(seen: Seen) -> None:
    seen.keys["priority"] = [("parent", 7.0)]


def _parent_after_its_delay(seen: Seen) -> None:
    seen.keys["wait"].remove("parent")
    seen.keys["delayed"] = [("parent", "<ms>")]
    released = next(event for event in seen.events if event["jobId"] == "parent")
    released.update(event="delayed", delay="<ms>")
    del released["prev"]


def _scheduler_told(seen: Seen) -> None:
    seen.keys["delay"] = [*seen.keys["delay"], {"nextTimestamp": "<ms>"}]


def _result_kept(seen: Seen) -> None:
    seen.keys["parent:processed"] = {"<queue>:child0": "null"}


def _without_a_grudge(seen: Seen) -> None:
    del seen.keys["parent:unsuccessful"]


def _still_claimed(seen: Seen) -> None:
    seen.keys["de:order-1"] = "somebody-else"


def _both(first: Callable[[Seen], None], second: Callable[[Seen], None]) -> Callable[[Seen], None]:
    def apply(seen: Seen) -> None:
        first(seen)
        second(seen)

    return apply


WAKES = Difference("BullMQ 5.1 leaves idle workers asleep for up to 5 s; we wake them", _marker)
WAKES_LATER = Difference("BullMQ 5.1 does not set the workers' clocks after a resume; we do", _marker_of_the_next_time)

_PRIORITY = "the library forgets the priority of a job that is retried; we keep it"
KEEPS_PRIORITY = Difference(_PRIORITY, _prioritised)
KEEPS_PRIORITY_AND_WAKES = Difference(_PRIORITY, _both(_prioritised, _marker))
KEEPS_PRIORITY_IN_LIST = Difference(_PRIORITY, _prioritised_in_list)
KEEPS_LIFO = Difference("the library forgets lifo when it promotes a job; we keep it", _next_in_line)

STAYS_PAUSED = Difference(
    "the library puts the job where workers take it though the queue is paused; we do not", _set_aside
)
SAID_ONCE = Difference("the library announces what was so before; we announce what changed", _last_word_unsaid)

_CHILD_FIRST = "the library lets the parent run before its child that is retried; we make it wait, as later versions do"
CHILD_FIRST = Difference(_CHILD_FIRST, _expected_again)
CHILD_FIRST_AND_WAKES = Difference(_CHILD_FIRST, _both(_expected_again, _marker))
RESULT_KEPT = Difference("the library takes a removed child's result from its parent; we leave it", _result_kept)
PARENT_IS_DONE = Difference(
    "the library makes a parent that has finished expect its child again, which it then never clears up; we do not",
    _not_expected_again,
)
FORGIVEN = Difference(
    "the library keeps a removed child among those that failed the parent, which then can never run again; we do not",
    _without_a_grudge,
)

_OWN_TURN = "the library forgets the priority and the delay of a parent that a removal lets go; we keep them"
PARENT_BY_PRIORITY = Difference(_OWN_TURN, _parent_by_priority)
PARENT_BY_PRIORITY_AND_WAKES = Difference(_OWN_TURN, _both(_parent_by_priority, _marker))
PARENT_BY_PRIORITY_IN_LIST = Difference(_OWN_TURN, _parent_by_priority_in_list)
PARENT_AFTER_ITS_DELAY = Difference(_OWN_TURN, _parent_after_its_delay)
PARENT_AFTER_ITS_DELAY_AND_TELLS = Difference(_OWN_TURN, _both(_parent_after_its_delay, _scheduler_told))
PARENT_AFTER_ITS_DELAY_AND_WAKES = Difference(_OWN_TURN, _both(_parent_after_its_delay, _marker_of_the_next_time))

CLAIM_RESPECTED = Difference("Bull deletes a debounce id that another job holds; we leave it", _still_claimed)
