"""What a list of jobs shows: a page of a state, what a search finds in it, or certain jobs wherever they are."""

from __future__ import annotations

from collections.abc import Sequence

from core.dialects.contract import contract
from core.instance import Instance
from core.job import Covered, JobPage, JobRow
from core.jobs.listing import Listed, Sought, list_ids
from core.jobs.rows import Placed, read_rows
from core.jobs.whereabouts import locate
from core.model import Queue
from core.search.find import find
from core.search.pace import Pace
from core.search.seek import Seek
from core.text import raw_bytes

# Somebody else has written there: a zero would be a claim.
UNREAD = "The key of this state holds something else than a queue keeps there, so its jobs cannot be read."


async def read_page(instance: Instance, queue: Queue, sought: Sought) -> JobPage:
    """A page of a state, in order."""
    listed = await list_ids(instance, queue.id.base, contract(queue.identity), sought)
    placed = [Placed(id, sought.state, score) for id, score in listed.members]
    rows = await read_rows(instance, queue, placed)
    following = listed.next.encode() if listed.next else None
    return JobPage(tuple(rows), following, Covered(len(rows), listed.total, _note(listed)))


async def read_found(seek: Seek, sought: Sought, pace: Pace, patience: float) -> JobPage:
    """The jobs of a state that fit a query, as far as could be looked in `patience` seconds."""
    found = await find(seek, pace, limit=sought.limit, cursor=sought.cursor, patience=patience)
    rows = await read_rows(seek.instance, seek.queue, found.placed)
    following = found.next.encode() if found.next else None
    return JobPage(tuple(rows), following, Covered(found.looked_at, found.total, found.note))


async def read_certain(instance: Instance, queue: Queue, wanted: Sequence[str]) -> dict[str, JobRow | None]:
    """These jobs as they are now; None for one that is gone."""
    ids = [raw_bytes(id) for id in wanted]
    places = await locate(instance, queue, ids)
    placed = [place.placed for id in ids if (place := places[id]) is not None]
    rows = {row.id: row for row in await read_rows(instance, queue, placed)}
    return {id: rows.get(id) for id in wanted}


def _note(listed: Listed) -> str:
    if listed.unread:
        return UNREAD
    moved = "The list moved far since the page before: some jobs may be shown twice or passed over."
    return moved if listed.lost else ""
