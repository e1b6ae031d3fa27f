"""Saved views: those that are always there, and those that people made, kept in the store and shared by all."""

from __future__ import annotations

import logging
import secrets
from dataclasses import replace

from core.access.asker import ITSELF, asker, not_for
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.model import STATES, QueueId, State
from core.permission import Permission
from core.query.parser import parse
from core.sight import Sight, now
from core.store.contract import DAY, Record, Shelf, Store
from core.store.shapes import read, written
from core.views.view import BUILT_IN, View
from core.views.vocabulary import Vocabulary, vocabulary

log = logging.getLogger("tickbird.views")
LONGEST_NAME = 80
# What people made is not forgotten because it is old.
VIEWS = Shelf("views", ("view",), most=200, bytes=2_000_000, age=36_500 * DAY)


class Views:
    """Every call raises Unavailable while the store is away, or the Redis that is asked for its words."""

    def __init__(self, store: Store, sight: Sight) -> None:
        self._store, self._sight = store, sight

    async def list(self) -> tuple[View, ...]:
        """Those that are always there, then the others by name."""
        found = await self._store.read(VIEWS, await self._store.newest(VIEWS, VIEWS.most))
        own = [view for record in found.values() if (view := _opened(record)) is not None]
        return (*BUILT_IN, *sorted(own, key=lambda view: (view.name.casefold(), view.id)))

    async def add(self, name: str, state: State, q: str) -> View:
        """Keep a query under a name. Invalid where it cannot be read, Conflict where the name is taken or the shelf
        full."""
        parse(q)
        if not q.strip() or state not in STATES:
            raise Invalid("A view has a query, and a state whose jobs it looks through.")
        views = await self.list()
        if len(views) - len(BUILT_IN) >= VIEWS.most:
            raise Conflict(f"{VIEWS.most} views are kept already.", "Remove one that nobody needs.")
        by = "" if asker() is ITSELF else asker().name
        view = View(_free(name, views), state, q.strip(), secrets.token_hex(6), by, now())
        await self._keep(view)
        return view

    async def rename(self, id: str, name: str) -> View:
        """The same under another name. NotFound, Forbidden, Invalid, Conflict."""
        views = await self.list()
        view = _own(_found(id, views))
        renamed = replace(view, name=_free(name, [other for other in views if other.id != id]))
        await self._keep(renamed)
        return renamed

    async def remove(self, id: str) -> View:
        """Forget it; what it was. NotFound, Forbidden."""
        view = _own(_found(id, await self.list()))
        await self._store.delete(VIEWS, id)
        return view

    async def vocabulary(self, id: QueueId, state: State) -> Vocabulary:
        """What the jobs of a state say, for whoever writes a query. NotFound, Invalid."""
        return await vocabulary(self._sight, id, state)

    async def _keep(self, view: View) -> None:
        await self._store.put(VIEWS, Record(view.id, view.made or now(), {"view": written(view)}))


def _opened(record: Record) -> View | None:
    try:
        return read(View, record.parts.get("view", ""))
    except Invalid as strange:
        log.warning("the view %s is left alone: %s", record.id, strange)
        return None


def _found(id: str, views: tuple[View, ...]) -> View:
    found = next((view for view in views if view.id == id and id), None)
    if found is None:
        raise NotFound("There is no such view (any more).", "Those that are always there stay as they are.")
    return found


def _own(view: View) -> View:
    """The view, if who asks has made it, or may remove what others have made."""
    if view.by != asker().name and Permission.REMOVE not in asker().may:
        raise Forbidden(f"{view.by or 'Somebody'} made this view.", not_for(Permission.REMOVE))
    return view


def _free(name: str, views: tuple[View, ...] | list[View]) -> str:
    """The name, if it can be one and no view has it."""
    name = " ".join(name.split())
    if not 1 <= len(name) <= LONGEST_NAME:
        raise Invalid(f"A view's name has 1 to {LONGEST_NAME} characters.")
    if any(view.name.casefold() == name.casefold() for view in views):
        raise Conflict(f"There is a view called {name!r} already.")
    return name
