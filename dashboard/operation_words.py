"""Bulk work in the words of the pages: what it is, will do and costs, and what a person must type before it begins."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from core.model import QueueId
from core.operations.operation import Operation
from core.operations.request import Action, Options, Request
from core.text import printable
from dashboard.words import count, jobs, several, span

# More than these, or everything of a queue, and a click is not enough.
MANY = 1000
# Jobs a second while nothing of that kind was measured yet: a careful guess.
GUESSED_RATE = 5_000.0
LOST = "Their data, results, logs and errors go with them. This cannot be undone."

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
}
_GENTLE = frozenset({Action.RETRY, Action.PROMOTE, Action.PAUSE, Action.RESUME, Action.DROP_GHOSTS})


def verb(action: Action) -> str:
    """Retry, Clean, Drop ghosts."""
    return action.value.replace("-", " ").capitalize()


def is_gentle(action: Action) -> bool:
    """Whether nothing is lost by it."""
    return action in _GENTLE


def title(request: Request) -> str:
    """Retry failed jobs of mail; Pause 12 queues; Drain all queues."""
    what = f" {request.states[0]} jobs of" if request.states and _on_one_state(request) else ""
    preposition = " in" if request.action is Action.DROP_GHOSTS else ""
    return f"{verb(request.action)}{what}{preposition} {where(request.queues, request.matching)}"


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
    most = "" if operation.exact else "at most "
    return f"{verb(request.action)} {most}{jobs(operation.total, state)} of {place}"


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
    if options.force:
        yield "By force: active jobs go too, though workers are at them."


def lasts(operation: Operation, known: Sequence[Operation]) -> str:
    """About how long it will take, by what the same kind took here before."""
    rates = [each.rate for each in known if each.rate and each.request.action is operation.request.action]
    seconds = operation.total / (rates[0] if rates else GUESSED_RATE)
    if noun(operation.request) == "queue" or seconds < 1:
        return "It takes about a second."
    return (
        f"It takes about {span(int(seconds * 1000))}, in small steps that Redis does not feel; you can hold or end it."
    )


def touched_queues(operation: Operation) -> tuple[QueueId, ...]:
    """The queues in which there is something to do."""
    return tuple(dict.fromkeys(t.queue for t in operation.targets if not t.refusal and t.count))


def must_type(operation: Operation) -> str:
    """What a person has to type before it begins; empty where a click is enough."""
    if operation.total <= MANY and operation.request.action is not Action.OBLITERATE:
        return ""
    queues = touched_queues(operation)
    return printable(where(queues)).strip() or "(empty)"


def _on_one_state(request: Request) -> bool:
    return not request.on_queues and request.action not in (Action.DRAIN, Action.DROP_GHOSTS)
