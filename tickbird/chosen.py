"""What somebody means on the command line: the queue behind a name, and bulk work as it was asked for."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from core.errors import Invalid, NotFound, Unavailable
from core.model import QueueId, State
from core.operations.request import Action, Options
from core.snapshot import Snapshot
from core.text import printable

_PATTERN = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Bulk work as it was asked for on the command line. `queues` None means all; `to` is
    where jobs move."""

    action: Action
    queues: tuple[str, ...] | None
    state: State | None
    options: Options
    reason: str
    query: str = ""
    to: str = ""


def chosen(snapshot: Snapshot, said: str) -> QueueId:
    """The one queue; Invalid lists them where there are several, NotFound names the nearest where there is none."""
    ids = [queue.id for queue in snapshot.queues]
    found = [id for id in ids if said in _names(id)]
    if len(found) > 1:
        raise Invalid(f"{said!r} may be any of several queues.", f"Say one of: {', '.join(map(full, found))}.")
    if found:
        return found[0]
    if away := [reading.trouble for reading in snapshot.readings if reading.down_since is not None]:
        raise Unavailable(away[0])
    near = difflib.get_close_matches(said, [name for id in ids for name in _names(id)], n=1)
    raise NotFound(f"There is no queue {said!r}.", f"Did you mean {printable(near[0])}?" if near else "")


def several(snapshot: Snapshot, said: Sequence[str]) -> tuple[QueueId, ...]:
    """All that these words mean, each once: a word is a queue's, or a pattern such as `email*`."""
    found = [id for word in said for id in _meant(snapshot, word)]
    return tuple(dict.fromkeys(found))


def _meant(snapshot: Snapshot, said: str) -> Sequence[QueueId]:
    ids = [queue.id for queue in snapshot.queues]
    if not _PATTERN.search(said) or any(said in _names(id) for id in ids):
        return [chosen(snapshot, said)]
    found = [id for id in ids if any(fnmatchcase(name, said) for name in _names(id))]
    if not found:
        raise NotFound(f"No queue is called like {said!r}.", "`tickbird queues` lists them all.")
    return found


def full(id: QueueId) -> str:
    """The words that mean this queue and no other."""
    return printable(f"{id.instance}/{id.prefix}/{id.name}")


def _names(id: QueueId) -> tuple[str, ...]:
    return id.name, f"{id.prefix}:{id.name}", f"{id.instance}/{id.prefix}/{id.name}"
