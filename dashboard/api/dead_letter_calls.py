"""Dead letters: what they say of the jobs that they were, and sending them back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.dead_letters.front import MOST_NAMED
from core.dead_letters.letter import DeadLetter, How, Report, Sent
from core.errors import Invalid
from core.model import STATES, QueueId, State
from core.permission import NEEDED, Permission
from dashboard.api.asked import Asked
from dashboard.api.bodies import read_body
from dashboard.api.call import ACTING, Call
from dashboard.api.fields import check_known, flag, number
from dashboard.api.parameters import Parameter
from dashboard.api.queries import CURSOR
from dashboard.api.schema_words import (
    COUNT,
    FLAG,
    HREF,
    INSTANT,
    TEXT,
    Schema,
    list_of,
    maybe,
    object_,
    one_of,
    ref,
)
from dashboard.api.shapes import Json, covered
from dashboard.budgets import Cost
from dashboard.urls import QUEUE, job_href, queue_href, queue_of_href

STATE = Parameter(
    "state", "Where they lie.", {"type": "string", "enum": [state.value for state in STATES], "default": "waiting"}
)
LIMIT = Parameter(
    "limit", "The most in one page.", {"type": "integer", "minimum": 1, "maximum": MOST_NAMED, "default": 50}
)
FIELDS = ("ids", "queue", "name", "guesses", "attempts", "keep", "again_before", "after")


async def dead_letters(asked: Asked) -> Json:
    """A page of them, the newest first."""
    sent = asked.query
    page = await asked.herd.dead_letters.look(
        asked.queue, State(sent["state"]), cursor=sent["cursor"], limit=sent["limit"]
    )
    return {
        "dead_letters": [_letter(asked.base, asked.queue, letter) for letter in page.letters],
        "next": page.next,
        "covered": covered(page.covered),
    }


async def send_back(asked: Asked) -> Json:
    """These, or all: each exactly once, however often this is asked."""
    fields = await read_body(asked.request, 256 * 1024)
    check_known(fields, FIELDS)
    ids, after = fields.get("ids"), fields.get("after")
    how = _how(asked, fields)
    if not isinstance(after, str | None):
        raise Invalid("after is `next` of the answer before, as it is.")
    if ids == "all":
        return _report(asked.base, await asked.herd.dead_letters.send_all(asked.queue, how, after=after))
    if not isinstance(ids, list) or not all(isinstance(id, str) for id in ids):
        raise Invalid('ids is a list of ids, or "all".')
    return _report(asked.base, await asked.herd.dead_letters.send(asked.queue, ids, how))


def _how(asked: Asked, fields: Mapping[str, Any]) -> How:
    name, queue, attempts = fields.get("name"), fields.get("queue"), fields.get("attempts", "anew")
    if not isinstance(name, str | None) or not isinstance(queue, str | None):
        raise Invalid("name is a text, and queue the href of a queue.")
    if attempts not in ("anew", "one"):
        raise Invalid("attempts is anew or one.")
    return How(
        to=queue_of_href(asked.base, queue) if queue else None,
        name=name or "",
        guesses=flag(fields, "guesses"),
        once=attempts == "one",
        keep=flag(fields, "keep"),
        again=number(fields, "again_before"),
    )


def _letter(base: str, queue: QueueId, letter: DeadLetter) -> Json:
    told = letter.told
    return {
        "id": letter.id,
        "href": job_href(base, queue, letter.id),
        "name": letter.own_name,
        "timestamp": letter.added,
        "recognised": told.how if told else None,
        "original": {
            "queue": letter.queue_said.text if letter.queue_said else None,
            "href": queue_href(base, letter.queue) if letter.queue else None,
            "id": told.original_id if told else None,
            "name": letter.name.text if letter.name else None,
            "attempts": told.attempts if told else None,
        },
        "likely_queue": queue_href(base, letter.likely_queue) if letter.likely_queue else None,
        "likely_name": letter.likely_name or None,
        "error": told.error if told else None,
        "failed_at": told.failed_at if told else None,
        "needs": list(letter.needs),
        "why_not": letter.why_not,
        "sent": _mark(base, letter),
    }


def _mark(base: str, letter: DeadLetter) -> Json | None:
    mark = letter.mark
    return None if mark is None else {"job": job_href(base, mark.queue, mark.job_id), "at": mark.at, "done": mark.done}


def _report(base: str, report: Report) -> Json:
    return {
        "sent": report.sent,
        "before": report.before,
        "refused": report.refused,
        "left": report.left,
        "next": report.next,
        "trouble": report.trouble,
        "results": [_sent(base, sent) for sent in report.results],
    }


def _sent(base: str, sent: Sent) -> Json:
    job = job_href(base, sent.queue, sent.job_id) if sent.queue and sent.job_id else None
    return {"id": sent.id, "code": sent.code, "said": sent.sentence, "job": job, "stays": sent.stays}


CALLS = (
    Call(
        "GET",
        f"{QUEUE}/dead-letters",
        dead_letters,
        "DeadLetters",
        "Its jobs, read as dead letters",
        Permission.VIEW,
        (STATE, LIMIT, CURSOR),
        costs=Cost.HEAVY,
    ),
    Call(
        "POST",
        f"{QUEUE}/dead-letters/send-back",
        send_back,
        "SentBack",
        "Send dead letters back to where they came from, each once",
        NEEDED["send_back"],
        refusals=ACTING,
        body="SendBack",
        costs=Cost.HEAVY,
    ),
)
SCHEMAS: Mapping[str, Schema] = {
    "DeadLetters": object_(
        "A page of them.",
        dead_letters=list_of(
            object_(
                "A job read as a dead letter. `recognised` says by what, null: it is none. `needs` is what has to be "
                "said before it can be sent back; `sent` says as which job it was, or was begun to be.",
                id=TEXT,
                href=HREF,
                name=TEXT,
                timestamp=maybe(INSTANT),
                recognised=maybe(TEXT),
                original=object_(
                    "As far as it is recorded.",
                    queue=maybe(TEXT),
                    href=maybe(HREF),
                    id=maybe(TEXT),
                    name=maybe(TEXT),
                    attempts=maybe(COUNT),
                ),
                likely_queue=maybe(HREF),
                likely_name=maybe(TEXT),
                error=maybe(TEXT),
                failed_at=maybe(INSTANT),
                needs=list_of(one_of(("queue", "name"))),
                why_not=TEXT,
                sent=maybe(object_("When, and as which job.", job=HREF, at=INSTANT, done=FLAG)),
            )
        ),
        next=maybe(TEXT),
        covered=ref("Covered"),
    ),
    "SendBack": {
        "type": "object",
        "description": "Which, and how. `queue` and `name` are for those of which it is not recorded.",
        "additionalProperties": False,
        "required": ["ids"],
        "properties": {
            "ids": {
                "oneOf": [{"const": "all"}, {**list_of(TEXT), "minItems": 1, "maxItems": MOST_NAMED}],
                "description": f'A list of up to {MOST_NAMED} ids, or "all".',
            },
            "queue": {"type": ["string", "null"], "description": "The href of the queue that they go to."},
            "name": {"type": ["string", "null"], "description": "What their jobs are called."},
            "guesses": {**FLAG, "default": False, "description": "Take what their own names suggest."},
            "attempts": {**one_of(("anew", "one")), "default": "anew"},
            "keep": {**FLAG, "default": False, "description": "The dead letters stay."},
            "again_before": {**maybe(INSTANT), "description": "Send even those once more that were sent before then."},
            "after": {**maybe(TEXT), "description": 'With "all": where to go on, `next` of the answer before.'},
        },
    },
    "SentBack": object_(
        "What became of them: all counted, up to a thousand told one by one. `left` are still to be looked at.",
        sent=COUNT,
        before=COUNT,
        refused=COUNT,
        left=COUNT,
        next=maybe(TEXT),
        trouble=TEXT,
        results=list_of(
            object_(
                "One of them. `before`: it had been sent already; `stays`: the dead letter is still there.",
                id=TEXT,
                code=one_of(("sent", "before", "refused")),
                said=TEXT,
                job=maybe(HREF),
                stays=FLAG,
            )
        ),
    ),
}
