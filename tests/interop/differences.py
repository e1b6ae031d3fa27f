"""Every place where we differ from a library on purpose: why, and how the library's result becomes ours."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from tests.interop.keyspace import Seen
from tests.interop.node_libraries import LIBRARIES

EVERYWHERE = tuple(library.alias for library in LIBRARIES)
BULLMQ = tuple(library.alias for library in LIBRARIES if not library.is_bull)


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


def _each_by_itself(seen: Seen) -> None:
    """One event for all becomes one for each of the three, which all were finished."""
    state = "completed"
    seen.events = [
        *seen.events[:-1],
        *({"event": "removed", "jobId": name, "prev": state} for name in ("anna", "bert", "carl")),
    ]


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
SAYS_EACH = Difference(
    "the library tells only how many a clean took; we tell each job, as a removal does", _each_by_itself
)

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


def _in_brief(seen: Seen) -> None:
    for event in seen.events:
        if event["event"] == "added":
            del event["data"], event["opts"]


def _without_the_default(seen: Seen) -> None:
    for job_id in (event["jobId"] for event in seen.events if event["event"] == "added"):
        seen.keys[job_id]["opts"] = re.sub(r', "delay": 0(?=[,}])', "", seen.keys[job_id]["opts"])


def _told(seen: Seen) -> None:
    seen.events.append({"event": "duplicated", "jobId": "subject"})


def _told_by_publishing(seen: Seen) -> None:
    seen.published.append(("duplicated@<token>", "subject"))


def _without_a_mark_in_the_list(seen: Seen) -> None:
    assert seen.keys.pop("wait") == ["0"]


def _no_scheduler_told(seen: Seen) -> None:
    del seen.keys["delay"]


def _before_its_equals(seen: Seen) -> None:
    """The only one of its new priority, `urgent`, stands behind it."""
    seen.keys["prioritized"] = [each for each in seen.keys["prioritized"] if each[0] != "subject"]
    seen.keys["prioritized"].insert(0, ("subject", 3.0 * 2**32))
    seen.keys["pc"] = str(int(seen.keys["pc"]) - 1)


def _before_its_equals_in_list(seen: Seen) -> None:
    seen.keys["wait"].remove("subject")
    seen.keys["wait"].insert(seen.keys["wait"].index("urgent") + 1, "subject")


def _no_more_prioritised(seen: Seen) -> None:
    seen.keys["prioritized"] = [each for each in seen.keys["prioritized"] if each[0] != "subject"]
    seen.keys["pc"] = str(int(seen.keys["pc"]) - 1)


def _to_the_list(seen: Seen) -> None:
    _no_more_prioritised(seen)
    seen.keys["wait"].insert(0, "subject")


def _to_the_front_of_the_list(seen: Seen) -> None:
    _no_more_prioritised(seen)
    seen.keys["wait"].append("subject")


def _to_the_list_that_is_set_aside(seen: Seen) -> None:
    _no_more_prioritised(seen)
    seen.keys["paused"].insert(0, "subject")


def _to_the_back(seen: Seen) -> None:
    seen.keys["wait"].remove("subject")
    seen.keys["wait"].insert(0, "subject")


def _unmarked(seen: Seen) -> None:
    del seen.keys["marker"]


ADDED_IN_BRIEF = Difference(
    "1.x tells every listener the data and options of an added job; later versions and we not", _in_brief
)
ADDED_IN_BRIEF_AND_NO_STREAM = Difference(
    "1.x begins a stream for its QueueScheduler; we add to one that is there, for later versions have none",
    _both(_in_brief, _no_scheduler_told),
)
NO_DEFAULT_DELAY = Difference(
    "5.1 writes the default delay of 0 into the options; later versions and we do not", _without_the_default
)
TELLS_DUPLICATE = Difference(
    "the library keeps silent about an id that is there already; we tell, as later versions do", _told
)
TELLS_DUPLICATE_OF_BULL = Difference(TELLS_DUPLICATE.why, _told_by_publishing)
NO_MARK_IN_LIST = Difference(
    "2.x marks a delayed job in an idle list by a 0, which other versions of its layout would take for a job; we do "
    "not, and its workers look by themselves",
    _without_a_mark_in_the_list,
)
NO_SCHEDULER = Difference("2.x still tells a QueueScheduler, which it no longer has; we do not", _no_scheduler_told)
MARK_OF_5_1_10 = Difference(
    "5.1 calls the time of a delayed job 0, later versions and we call it 1", _marker_of_the_next_time
)
UNMARKED = Difference("the library sets its workers' clocks though the queue is paused; we do not", _unmarked)

_LIFO = "the library knows no lifo for a job with a priority; we do, as later versions"
LIFO_BEFORE_EQUALS = Difference(_LIFO, _before_its_equals)
LIFO_BEFORE_EQUALS_IN_LIST = Difference(_LIFO, _before_its_equals_in_list)
WAKES_FOR_LIFO = Difference("the library wakes nobody for a job put in front of its equals; we do, harmlessly", _marker)
_TO_NONE = "the library leaves a job whose priority is taken away where it was; we put it in line, as later versions do"
TO_THE_LIST = Difference(_TO_NONE, _to_the_list)
TO_THE_FRONT_OF_THE_LIST = Difference(_TO_NONE, _to_the_front_of_the_list)
TO_THE_PAUSED_LIST = Difference(_TO_NONE, _to_the_list_that_is_set_aside)
TO_THE_BACK_AND_WAKES = Difference(_TO_NONE, _both(_to_the_back, _marker))
