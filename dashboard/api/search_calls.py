"""Searches over queues and states: begun, followed, held, gone on with behind, cancelled."""

from __future__ import annotations

from typing import Any

from core.errors import Invalid
from core.model import STATES, QueueId, State
from core.permission import Permission
from core.query.words import MOST_CHARACTERS
from core.search.run import MOST_HELD
from core.search.search import Wish
from dashboard.api.asked import Asked
from dashboard.api.bodies import read_body
from dashboard.api.call import HOLDING, Call
from dashboard.api.fields import check_known, line, word
from dashboard.api.operation_schemas import MOST_QUEUES
from dashboard.api.parameters import Parameter
from dashboard.api.search_shapes import search as shown
from dashboard.api.shapes import Json
from dashboard.budgets import Cost
from dashboard.urls import SEARCH, decode_part, queue_of_href

FIELDS = ("q", "queues", "states")
# Room for the hrefs of as many queues as may be named.
LARGEST = 1024 * 1024
# What is found within so many seconds is in the first answer.
PATIENCE = 0.2
AFTER = Parameter(
    "after",
    "How many of the found jobs are known already: those behind them are answered.",
    {"type": "integer", "minimum": 0, "maximum": 1_000_000_000, "default": 0},
)
MOST = Parameter(
    "limit", "The most jobs in one answer.", {"type": "integer", "minimum": 0, "maximum": MOST_HELD, "default": 100}
)


async def start_search(asked: Asked) -> Json:
    """Begin; jobs are found in the background while somebody asks for them."""
    fields = await read_body(asked.request, LARGEST)
    check_known(fields, FIELDS)
    wish = Wish(line(fields, "q", MOST_CHARACTERS), _queues(asked.base, fields), _states(fields))
    begun = asked.herd.searches.start(wish)
    return shown(asked.base, await asked.herd.searches.settled(begun.id, PATIENCE))


async def search(asked: Asked) -> Json:
    """How it stands, and what was found."""
    seen = asked.herd.searches.get(_id(asked))
    return shown(asked.base, seen, after=asked.query["after"], limit=asked.query["limit"])


async def pause_search(asked: Asked) -> Json:
    """Hold it."""
    return shown(asked.base, asked.herd.searches.pause(_id(asked)))


async def resume_search(asked: Asked) -> Json:
    """Go on from where it held."""
    return shown(asked.base, asked.herd.searches.resume(_id(asked)))


async def search_older(asked: Asked) -> Json:
    """Another search, which begins where a full one ended."""
    return shown(asked.base, asked.herd.searches.older(_id(asked)))


async def cancel_search(asked: Asked) -> Json:
    """End it."""
    return shown(asked.base, asked.herd.searches.cancel(_id(asked)))


def _id(asked: Asked) -> str:
    return decode_part(asked.request.path_params["search_id"])


def _queues(base: str, fields: dict[str, Any]) -> tuple[QueueId, ...] | None:
    said = fields.get("queues")
    if said is None or said == "all":
        return None
    if not isinstance(said, list) or not all(isinstance(href, str) for href in said) or len(said) > MOST_QUEUES:
        raise Invalid(f'queues is "all" or a list of at most {MOST_QUEUES:,} hrefs.', "Each queue has one.")
    return tuple(queue_of_href(base, href) for href in said)


def _states(fields: dict[str, Any]) -> tuple[State, ...] | None:
    said = fields.get("states")
    if said is None:
        return None
    if not isinstance(said, list):
        raise Invalid("states is a list of states.")
    return tuple(dict.fromkeys(word(State, "states", one, STATES) for one in said))


CALLS = (
    Call(
        "POST",
        "/searches",
        start_search,
        "Search",
        "Search jobs across queues and states",
        Permission.VIEW,
        refusals=HOLDING,
        body="SearchRequest",
        costs=Cost.HEAVY,
    ),
    Call("GET", SEARCH, search, "Search", "How a search stands, and what it found", Permission.VIEW, (AFTER, MOST)),
    Call("POST", f"{SEARCH}/pause", pause_search, "Search", "Hold it", Permission.VIEW, refusals=HOLDING),
    Call(
        "POST",
        f"{SEARCH}/resume",
        resume_search,
        "Search",
        "Go on",
        Permission.VIEW,
        refusals=HOLDING,
        costs=Cost.HEAVY,
    ),
    Call(
        "POST",
        f"{SEARCH}/older",
        search_older,
        "Search",
        "Go on behind a full one",
        Permission.VIEW,
        refusals=HOLDING,
        costs=Cost.HEAVY,
    ),
    Call("DELETE", SEARCH, cancel_search, "Search", "Cancel it", Permission.VIEW, refusals=HOLDING),
)
