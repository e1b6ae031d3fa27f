"""Bulk work in the words of the pages: what it is, will do and costs, and what a person must type before it begins."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from core.model import QueueId
from core.operations.operation import Operation, Target
from core.operations.request import Action, Options, Request
from core.text import printable
from core.undo.front import PROMISE
from dashboard.query_words import in_words
from dashboard.words import count, jobs, several, span

# More than these, or everything of a queue, and a click is not enough.
MANY = 1000
# Jobs a second while nothing of that kind was measured yet: a careful guess.
GUESSED_RATE = 5_000.0
LOOKED_RATE = 20_000.0
LOST = f"Their data, results, logs and errors go with them. {PROMISE}"

_WILL: dict[Action, tuple[str, ...]] = {
    Action.RETRY: (
        "They wait again at once, children before their parents.",
        "Jobs that fail meanwhile are left alone.",
    ),
    Action.PROMOTE: ("They become ready to run now instead of at their time.",),
    Action.REMOVE: (LOST,),
    Action.CLEAN: (LOST,),
    Action.DRAIN: ("Everything that is ready to run is removed. What is active finishes.", LOST),
    Action.PAUSE: ("Active jobs finish. Everything else waits until somebody resumes it.",),
    Action.RESUME: ("Workers take jobs again at once.",),
    Action.OBLITERATE: (
        "Everything of it leaves Redis: jobs of every state, schedulers, events, limits and settings.",
        "This cannot be undone. An application that goes on adding jobs makes it anew.",
    ),
    Action.DROP_GHOSTS: (
        "Ids whose job is gone from Redis already are taken out of their lists. No job is lost by it.",
    ),
    Action.CHANGE_PRIORITY: ("They stand behind those of their new priority, in the order in which they stand now.",),
    Action.MOVE: (
        "They leave their queue and are added there, each exactly once and under a new id. Name, data and options go "
        "along, with the delay that is left; attempts begin anew. Logs, progress and results do not go along.",
    ),
    Action.CHANGE_DELAY: ("They become due one behind the other, in the order in which they are due now.",),
}
_GENTLE = frozenset(
    {
        *(Action.RETRY, Action.PROMOTE, Action.PAUSE, Action.RESUME, Action.DROP_GHOSTS),
        *(Action.CHANGE_PRIORITY, Action.CHANGE_DELAY),
    }
)


def verb(action: Action) -> str:
    """Retry, Clean, Drop ghosts."""
    return action.value.replace("-", " ").capitalize()


def is_gentle(action: Action) -> bool:
    """Whether nothing is lost by it."""
    return action in _GENTLE


def title(request: Request) -> str:
    """Retry failed jobs of mail; Retry failed jobs of mail: reason:ECONNRESET; Pause 12 queues; Drain all queues."""
    states = " or ".join(request.states)
    what = f" {_of(request.action)}{states} jobs of" if request.states and _on_one_state(request) else ""
    preposition = " in" if request.action is Action.DROP_GHOSTS else ""
    query = f": {request.query}" if request.query else ""
    return f"{verb(request.action)}{what}{preposition} {where(request.queues, request.matching)}{query}"


def noun(request: Request) -> str:
    """What it counts."""
    return "queue" if request.action in (Action.PAUSE, Action.RESUME) else "job"


def where(queues: Sequence[QueueId] | None, matching: str = "") -> str:
    """The queue's name, or how many there are."""
    if queues is None:
        return f"queues like {matching}" if matching else "all queues"
    return queues[0].name or "(empty)" if len(queues) == 1 else several(len(queues), "queue")


def question(operation: Operation) -> str:
    """Retry 1,204 failed jobs of mail."""
    request, touched = operation.request, touched_queues(operation)
    place = where(touched) if touched else where(request.queues, request.matching)
    if request.on_queues:
        return f"{verb(request.action)} {place}"
    if request.action is Action.DROP_GHOSTS:
        return f"Drop ghosts in {place}"
    states = {str(target.state) for target in operation.targets if target.state and not target.refusal}
    state = states.pop() if len(states) == 1 else ""
    return f"{verb(request.action)} {_of(request.action)}{bound(operation)}{jobs(operation.total, state)} of {place}"


def bound(shown: Operation | Target) -> str:
    """What stands before a number of jobs: nothing where it is exact."""
    return "at least " if shown.least else "" if shown.exact else "at most "


def counted(operation: Operation) -> str:
    """How the number was found, where that has to be said; empty where it is exact."""
    looked = sum(target.looked for target in operation.targets)
    if not operation.least:
        return ""
    return (
        f"{count(operation.total)} of the first {jobs(looked)} looked at fit, in the time there was. It goes through "
        f"all {count(operation.reach)}, and acts on each that fits."
    )


def asks(request: Request) -> str:
    """The query in words."""
    return in_words(request.meant) if request.meant is not None else ""


def will(operation: Operation) -> tuple[str, ...]:
    """What it will do, in sentences."""
    request = operation.request
    holds: tuple[str, ...] = ()
    if request.action is Action.OBLITERATE and operation.total > len(operation.targets):
        holds = (f"{jobs(operation.total)} {'is' if operation.total == 1 else 'are'} in it now.",)
    return (*holds, *_WILL[request.action], *_options(request.options, request.action))


def _options(options: Options, action: Action) -> Iterable[str]:
    if options.grace:
        yield f"Jobs younger than {span(options.grace)} stay."
    if options.keep:
        yield f"The newest {count(options.keep)} stay."
    if options.limit:
        yield f"No more than {jobs(options.limit)} of each queue."
    if options.reset_attempts:
        yield "Each has all its attempts anew."
    if action is Action.DRAIN:
        yield "Delayed jobs go too." if options.delayed else "Delayed jobs stay."
    if options.priority is not None:
        yield f"Their priority becomes {count(options.priority)}." if options.priority else "They have none any more."
    if options.delay is not None:
        yield f"The first is due {span(options.delay)} after it begins."
    if options.to is not None:
        yield f"They go to {printable(options.to.prefix)}:{printable(options.to.name)}."
    if options.canary:
        yield (
            f"{jobs(options.canary).capitalize()} go first. The others follow only if those complete within "
            f"{span(options.canary_wait)}."
        )
    if options.rate:
        yield f"No more than {jobs(options.rate)} a second."
    if options.force:
        yield "By force: active jobs go too, though workers are at them."


def lasts(operation: Operation, known: Sequence[Operation]) -> str:
    """About how long it will take, by what the same kind took here before."""
    of_kind = [each for each in known if each.request.action is operation.request.action]
    rates = [each.rate for each in of_kind if each.rate and not each.request.options.rate]
    seconds = operation.total / min(rates[0] if rates else GUESSED_RATE, operation.request.options.rate or math.inf)
    if operation.request.query:
        looks = [each.look_rate for each in of_kind if each.look_rate]
        seconds += operation.reach / (looks[0] if looks else LOOKED_RATE)
    if noun(operation.request) == "queue" or seconds < 1:
        return "It takes about a second."
    return (
        f"It takes about {span(int(seconds * 1000))}, in small steps that Redis does not feel; you can hold or end it."
    )


def touched_queues(operation: Operation) -> tuple[QueueId, ...]:
    """The queues in which there is something to do."""
    return tuple(dict.fromkeys(t.queue for t in operation.targets if not t.refusal and (t.count or t.least)))


def must_type(operation: Operation) -> str:
    """What a person has to type before it begins; empty where a click is enough."""
    if operation.total <= MANY and not operation.least and operation.request.action is not Action.OBLITERATE:
        return ""
    queues = touched_queues(operation)
    return printable(where(queues)).strip() or "(empty)"


def _of(action: Action) -> str:
    return "of " if action in (Action.CHANGE_PRIORITY, Action.CHANGE_DELAY) else ""


def _on_one_state(request: Request) -> bool:
    return not request.on_queues and request.action not in (Action.DRAIN, Action.DROP_GHOSTS)
