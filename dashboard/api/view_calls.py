"""The calls about saved views, and about the words that completion offers."""

from __future__ import annotations

from core.errors import NotFound
from core.model import STATES, State
from core.permission import Permission
from core.query.fields import FIELDS
from core.query.words import MOST_CHARACTERS
from core.views.view import View
from core.views.views import LONGEST_NAME
from core.views.vocabulary import Vocabulary
from dashboard.api.asked import Asked
from dashboard.api.bodies import read_body
from dashboard.api.call import HOLDING, READING, Call
from dashboard.api.fields import check_known, flag, line, word
from dashboard.api.queries import STATE
from dashboard.api.shapes import Json
from dashboard.budgets import Cost
from dashboard.urls import QUEUE, decode_part

VIEW = "/views/{view_id}"
# Room for a query whose every character is written as an escape.
LARGEST = 16 * 1024
# So many names of queues are offered, those with the most jobs.
MOST_NAMES = 1_000


async def views(asked: Asked) -> Json:
    """Every saved view that is there for who asks."""
    return {"views": [_view(asked.base, view) for view in await asked.herd.views.list()]}


async def save_view(asked: Asked) -> Json:
    """Keep a query under a name."""
    fields = await read_body(asked.request, LARGEST)
    check_known(fields, ("name", "state", "q", "personal"))
    state = word(State, "state", fields.get("state"), STATES)
    name, q = line(fields, "name", LONGEST_NAME), line(fields, "q", MOST_CHARACTERS)
    personal = flag(fields, "personal") if "personal" in fields else None
    return _view(asked.base, await asked.herd.views.add(name, state, q, personal=personal))


async def rename_view(asked: Asked) -> Json:
    """Give it another name."""
    fields = await read_body(asked.request, LARGEST)
    check_known(fields, ("name",))
    return _view(asked.base, await asked.herd.views.rename(_id(asked), line(fields, "name", LONGEST_NAME)))


async def remove_view(asked: Asked) -> Json:
    """Forget it; what it was."""
    return _view(asked.base, await asked.herd.views.remove(_id(asked)))


async def vocabulary(asked: Asked) -> Json:
    """What a query may say of the jobs of a state."""
    return _words(await asked.herd.views.vocabulary(asked.queue, State(asked.query["state"])), ())


async def vocabulary_of_all(asked: Asked) -> Json:
    """What a query may say of the jobs of all queues."""
    queues = sorted(asked.herd.snapshot().queues, key=lambda queue: -sum(queue.counts.values()))
    return _words(await asked.herd.views.words(), tuple(dict.fromkeys(queue.id.name for queue in queues))[:MOST_NAMES])


def _words(found: Vocabulary, queues: tuple[str, ...]) -> Json:
    said = {"state": [state.value for state in STATES], "queue": list(queues)}
    return {
        "looked_at": found.looked_at,
        "total": found.total,
        "unread": found.unread,
        "words": [{"word": name, "says": field.says, "values": said.get(name, [])} for name, field in FIELDS.items()],
        "values": {
            path: [{"value": value.value, "jobs": value.jobs} for value in values]
            for path, values in found.values.items()
        },
    }


def _view(base: str, view: View) -> Json:
    return {
        "id": view.id or None,
        "name": view.name,
        "state": view.state,
        "q": view.q,
        "by": view.by,
        "made": view.made,
        "personal": view.personal,
        "href": f"{base}/api/views/{view.id}" if view.id else None,
    }


def _id(asked: Asked) -> str:
    id = decode_part(asked.request.path_params["view_id"])
    if not id:
        raise NotFound("There is no such view.")
    return id


CALLS = (
    Call("GET", "/views", views, "Views", "Saved views", Permission.VIEW, refusals=("unavailable",)),
    Call("POST", "/views", save_view, "View", "Save a view", Permission.VIEW, refusals=HOLDING, body="NewView"),
    Call("PATCH", VIEW, rename_view, "View", "Rename a view", Permission.VIEW, refusals=HOLDING, body="ViewChange"),
    Call("DELETE", VIEW, remove_view, "View", "Remove a view", Permission.VIEW, refusals=HOLDING),
    Call(
        "GET",
        "/vocabulary",
        vocabulary_of_all,
        "Vocabulary",
        "What a query may say of the jobs of all queues, from those with the most",
        Permission.VIEW,
        costs=Cost.HEAVY,
    ),
    Call(
        "GET",
        f"{QUEUE}/vocabulary",
        vocabulary,
        "Vocabulary",
        "What a query may say of the jobs of a state",
        Permission.VIEW,
        (STATE,),
        READING,
        costs=Cost.HEAVY,
    ),
)
