"""A queue's dead letters, shown as what they are, with the way back for each; and what became of those sent back."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from core.access.asker import asker, not_for
from core.dead_letters.front import MOST_NAMED
from core.dead_letters.letter import DeadLetter, Letters, Report
from core.errors import TickbirdError
from core.model import Queue, QueueId, State
from core.permission import NEEDED
from dashboard.desk import Desk, desk_of
from dashboard.forms import Form
from dashboard.pages.frame import answer, frame
from dashboard.pages.job_list import tabs
from dashboard.pages.job_row import LONGEST_PART
from dashboard.pages.queue_list import place
from dashboard.urls import encode_part, job_page, queue_id, queue_page
from dashboard.words import now

TEMPLATE = "pages/dead_letters.html"
QUESTION = "pages/dead_letters_question.html"
RESULT = "pages/dead_letters_sent.html"
MOST_RESULTS = 200


@dataclass(frozen=True, slots=True)
class Row:
    """One of them as the page shows it; addresses are empty where there is nowhere to go."""

    letter: DeadLetter
    href: str
    part: str
    queue_href: str = ""
    original_href: str = ""
    sent_href: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one."""

    id: str
    code: str
    said: str
    href: str


async def show(request: Request) -> Response:
    """The page of one state, the first that has any unless the address says which."""
    desk, id = desk_of(request), queue_id(request)
    desk.herd.glance()
    queue = desk.herd.queue(id)
    state = _state(desk, queue, request.query_params.get("state", ""))
    letters, trouble = None, None
    try:
        letters = await desk.herd.dead_letters.look(id, state, cursor=request.query_params.get("cursor"))
    except TickbirdError as error:
        trouble = error
    values = {
        **_around(desk, request, queue),
        "state": state,
        "tabs": [(each, queue.counts[each]) for each in tabs(queue) if each in desk.herd.dead_letters.states(id)],
        "rows": [_row(desk, id, letter) for letter in letters.letters] if letters else [],
        "letters": letters,
        "needs": _needs(letters),
        "likely": _likely(letters),
        "expected": desk.herd.dead_letters.expected(id),
        "following": urlencode({"state": state, "cursor": letters.next}) if letters and letters.next else "",
        "most": MOST_NAMED,
        "not_theirs": "" if NEEDED["send_back"] in asker().may else not_for(NEEDED["send_back"]),
        "trouble": trouble,
    }
    return answer(desk, request, TEMPLATE, values, 400 if trouble and trouble.code == "invalid" else 200)


def ask(desk: Desk, request: Request, form: Form, letters: Letters | None) -> Response:
    """Whether to send all of them back; `letters` are the newest of them."""
    queue = desk.herd.queue(queue_id(request))
    counts = [(state, queue.counts.get(state, 0)) for state in desk.herd.dead_letters.states(queue.id)]
    keep = [(name, form.fields[name]) for name in KEPT if form.fields.get(name)]
    values = {
        **_around(desk, request, queue),
        "total": sum(number for _, number in counts),
        "targets": _targets(letters),
        "unknown": sum(bool(letter.why_not) for letter in letters.letters) if letters else 0,
        "asks": sum(bool(letter.needs) for letter in letters.letters) if letters else 0,
        "sampled": len(letters.letters) if letters else 0,
        "keep": keep,
        "stay": form.says("keep"),
        "once": form.says("once"),
    }
    return answer(desk, request, QUESTION, values)


def told(desk: Desk, request: Request, form: Form, report: Report) -> Response:
    """What became of each. It can be loaded anew without harm: nothing is sent twice."""
    queue = desk.herd.queue(queue_id(request))
    shown = sorted(report.results, key=lambda sent: sent.code != "refused")[:MOST_RESULTS]
    values = {
        **_around(desk, request, queue),
        "report": report,
        "results": [
            Result(
                sent.id,
                sent.code,
                sent.sentence,
                job_page(desk.base, sent.queue, sent.job_id) if sent.queue and sent.job_id else "",
            )
            for sent in shown
        ],
        "more": max(0, report.sent + report.before + report.refused - len(shown)),
        "keep": [(name, form.fields[name]) for name in KEPT if form.fields.get(name)],
    }
    return answer(desk, request, RESULT, values)


# What the form of all carries over its question, and on to the next part of the work.
KEPT = ("to", "name", "guesses", "once", "keep", "again")


def _around(desk: Desk, request: Request, queue: Queue) -> dict[str, object]:
    return {
        "frame": frame(desk, request),
        "place": "dead-letters",
        "queue": queue,
        "where": place(queue),
        "href": queue_page(desk.base, queue.id),
        "now": now(),
    }


def _state(desk: Desk, queue: Queue, said: str) -> State:
    states = desk.herd.dead_letters.states(queue.id)
    chosen = next((state for state in states if state == said), None)
    return chosen or next((state for state in states if queue.counts.get(state)), states[0])


def _row(desk: Desk, id: QueueId, letter: DeadLetter) -> Row:
    original = letter.told.original_id if letter.told else None
    mark, part = letter.mark, encode_part(letter.id)
    # An id that is too long to be part of an address has no page, and cannot be ticked.
    part = part if len(part) <= LONGEST_PART else ""
    return Row(
        letter,
        job_page(desk.base, id, letter.id) if part else "",
        part,
        queue_page(desk.base, letter.queue) if letter.queue else "",
        job_page(desk.base, letter.queue, original)
        if letter.queue and original and len(original) < LONGEST_PART
        else "",
        job_page(desk.base, mark.queue, mark.job_id) if mark else "",
    )


def _needs(letters: Letters | None) -> set[str]:
    return {word for letter in letters.letters for word in letter.needs} if letters else set()


def _likely(letters: Letters | None) -> dict[str, str]:
    """What one would say where it is not recorded, if all that need it suggest the same."""
    asking = [letter for letter in letters.letters if letter.needs] if letters else []
    names = {letter.likely_name for letter in asking if "name" in letter.needs}
    queues = {letter.likely_queue for letter in asking if "queue" in letter.needs}
    likely = next(iter(queues)) if len(queues) == 1 else None
    return {
        "name": next(iter(names)) if len(names) == 1 else "",
        "to": likely.name if likely else "",
        "any": "yes" if any(letter.likely_name or letter.likely_queue for letter in asking) else "",
    }


def _targets(letters: Letters | None) -> list[tuple[str, int]]:
    """How many of those that were looked at go where."""
    found: dict[str, int] = {}
    for letter in letters.letters if letters else ():
        if letter.queue is not None:
            found[letter.queue.name] = found.get(letter.queue.name, 0) + 1
    return sorted(found.items(), key=lambda pair: -pair[1])
