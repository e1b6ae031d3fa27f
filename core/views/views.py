"""Saved views: those that are always there, those that all share, and everybody's own.

What others see is written only by who may do something here besides looking; who only looks keeps their own. A
read-only Tickbird keeps what there is as it is.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace

from core.access.asker import ITSELF, asker, not_for
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.model import STATES, QueueId, State
from core.permission import Permission
from core.query.parser import parse
from core.sight import Sight, now
from core.store.contract import DAY, Record, Shelf, Store
from core.store.shapes import read, written
from core.views.view import BUILT_IN, View
from core.views.vocabulary import Vocabulary, everywhere, vocabulary

log = logging.getLogger("tickbird.views")
LONGEST_NAME = 80
# What people made is not forgotten because it is old.
_AGE = 36_500 * DAY
VIEWS = Shelf("views", ("view",), most=200, bytes=2_000_000, age=_AGE)
# One record for each person; so many at most that nobody can push out what others keep.
OWN = Shelf("own-views", ("views",), most=1000, bytes=16_000_000, age=_AGE)
MOST_OWN = 20


@dataclass(frozen=True, slots=True)
class Own:
    """All that one person keeps for themselves."""

    views: tuple[View, ...] = ()


class Views:
    """Every call raises Unavailable while the store is away, or the Redis that is asked for its words. `refusal` says
    why nothing may be kept or changed."""

    def __init__(self, store: Store, sight: Sight, refusal: str = "") -> None:
        self._store, self._sight, self._refusal = store, sight, refusal

    async def list(self) -> tuple[View, ...]:
        """What is there for who asks: those that are always there, then the others by name."""
        found = await self._store.read(VIEWS, await self._store.newest(VIEWS, VIEWS.most))
        shared = [view for record in found.values() if (view := _opened(record)) is not None]
        own = (await self._own()).views
        return (*BUILT_IN, *sorted([*shared, *own], key=lambda view: (view.name.casefold(), view.id)))

    async def add(self, name: str, state: State, q: str, *, personal: bool | None = None) -> View:
        """Keep a query under a name, for all or for who asks alone; `None`: for all, where that is theirs to do.
        Invalid where it cannot be read, Conflict where the name is taken or the shelf full, Forbidden."""
        self._check_writable()
        parse(q)
        if not q.strip() or state not in STATES:
            raise Invalid("A view has a query, and a state whose jobs it looks through.")
        personal = not may_share() if personal is None else personal
        if not personal:
            _check_sharing()
        views = await self.list()
        _check_room(views, personal=personal)
        by = "" if asker() is ITSELF else asker().name
        view = View(_free(name, views), state, q.strip(), secrets.token_hex(6), by, now(), personal)
        await self._keep(view)
        return view

    async def rename(self, id: str, name: str) -> View:
        """The same under another name. NotFound, Forbidden, Invalid, Conflict."""
        self._check_writable()
        views = await self.list()
        view = _changeable(_found(id, views))
        renamed = replace(view, name=_free(name, [other for other in views if other.id != id]))
        await self._keep(renamed)
        return renamed

    async def remove(self, id: str) -> View:
        """Forget it; what it was. NotFound, Forbidden."""
        self._check_writable()
        view = _changeable(_found(id, await self.list()))
        if view.personal:
            await self._keep_own(tuple(each for each in (await self._own()).views if each.id != id))
        else:
            await self._store.delete(VIEWS, id)
        return view

    async def vocabulary(self, id: QueueId, state: State) -> Vocabulary:
        """What the jobs of a state say, for whoever writes a query. NotFound, Invalid."""
        return await vocabulary(self._sight, id, state)

    async def words(self) -> Vocabulary:
        """What the jobs of the largest queues say, for whoever writes a query for all of them."""
        return await everywhere(self._sight)

    def _check_writable(self) -> None:
        if self._refusal:
            raise Forbidden(self._refusal)

    async def _keep(self, view: View) -> None:
        if view.personal:
            others = [each for each in (await self._own()).views if each.id != view.id]
            await self._keep_own((*others, view))
        else:
            await self._store.put(VIEWS, Record(view.id, view.made or now(), {"view": written(view)}))

    async def _own(self) -> Own:
        if not asker().name:
            return Own()
        record = (await self._store.read(OWN, [_theirs()])).get(_theirs())
        return (_own_of(record) if record else None) or Own()

    async def _keep_own(self, views: tuple[View, ...]) -> None:
        await self._store.put(OWN, Record(_theirs(), now(), {"views": written(Own(views))}))


def may_share() -> bool:
    """Whether what who asks keeps may be seen by others: whoever only looks writes nothing that they see."""
    return not asker().only_looks


def _check_sharing() -> None:
    if not may_share():
        raise Forbidden(
            f"A view for everybody is not for the role {asker().role!r}, which only looks.",
            "Keep it for yourself: personal.",
        )


def _check_room(views: Sequence[View], *, personal: bool) -> None:
    if personal and not asker().name:
        raise Invalid("Nobody is logged in, so nothing can be anybody's own.", "Keep it for everybody.")
    kept, most = (
        sum(view.personal == personal and bool(view.id) for view in views),
        MOST_OWN if personal else VIEWS.most,
    )
    if kept >= most:
        whose = "of your own" if personal else "for everybody"
        raise Conflict(f"{most} views {whose} are kept already.", "Remove one that nobody needs.")


def _theirs() -> str:
    """What the views of who asks are kept under."""
    return hashlib.sha256(asker().name.encode("utf-8", "surrogatepass")).hexdigest()


def _own_of(record: Record) -> Own | None:
    try:
        return read(Own, record.parts.get("views", ""))
    except Invalid as strange:
        log.warning("somebody's own views are left alone: %s", strange)
        return None


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


def _changeable(view: View) -> View:
    """The view, if it is the own one of who asks, or one of all that they made or may remove."""
    if view.personal:
        return view
    _check_sharing()
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
