"""Which queues the overview shows, and in which order: a choice that is read from a URL and written back into one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, cast
from urllib.parse import urlencode

from core.model import Health, Queue, State
from dashboard.numbers import number

LONGEST_FILTER = 200
# Rows of one page: more than anybody reads, and as many as a browser sorts out while one types.
SHOWN = 1_000
# An address that asks for a part behind these asks for none.
MOST_QUEUES = 1_000_000

_RANK = {
    Health.UNATTENDED: 0,
    Health.FAILING: 1,
    Health.OVERLOADED: 2,
    Health.PAUSED: 3,
    Health.STALE: 4,
    Health.RUNNING: 5,
    Health.IDLE: 6,
}


@dataclass(frozen=True, slots=True)
class Column:
    """A column to sort by. `value` is what counts, None sorting last; `descending` is the first direction."""

    name: str
    title: str
    value: Callable[[Queue], float | str | None]
    descending: bool = True
    about: str = ""


def _state(state: State) -> Callable[[Queue], float]:
    return lambda queue: queue.counts.get(state, 0)


def trouble(queue: Queue) -> float:
    """Less is worse: what a person has to look at, by kind, then by how much waits."""
    calm = 0 if queue.verdict.needs_attention else 10
    return calm + _RANK[queue.verdict.health] + 1 / (queue.backlog + 2)


def _age_rank(instant: int | None) -> int | None:
    return None if instant is None else -instant


COLUMNS = (
    Column("name", "Queue", lambda q: q.id.name.casefold(), descending=False),
    Column("trouble", "State", trouble, descending=False, about="worst first"),
    Column("backlog", "Backlog", lambda q: q.backlog, about="ready to run: waiting, prioritized and paused"),
    Column("oldest", "Oldest", lambda q: _age_rank(q.oldest_ready), about="how long the first has been ready"),
    Column("active", "Active", _state(State.ACTIVE)),
    Column("delayed", "Delayed", _state(State.DELAYED)),
    Column("failed", "Failed", _state(State.FAILED), about="kept in Redis; red while some failed in the last hour"),
    Column("completed", "Completed", _state(State.COMPLETED), about="kept in Redis"),
    Column("in", "In/min", lambda q: q.traffic.in_per_minute, about="jobs added, last minute"),
    Column("out", "Out/min", lambda q: q.traffic.out_per_minute, about="jobs that left, last minute"),
)
BY_NAME = {column.name: column for column in COLUMNS}
SHOWS: dict[str, Callable[[Queue], bool]] = {
    "attention": lambda q: q.verdict.needs_attention,
    "all": lambda _: True,
    "paused": lambda q: q.paused,
}
TITLES = {"attention": "Needs attention", "all": "All", "paused": "Paused"}


@dataclass(frozen=True, slots=True)
class Choice:
    """What the URL asks for; `down`: the most, the latest or the last in the alphabet first.
    `first`: how many of them stand before the part that is shown."""

    show: str = "all"
    sort: str = "trouble"
    down: bool = False
    filter: str = ""
    first: int = 0

    def changed(self, **changes: object) -> str:
        """The query of a URL that asks for this but for the changes; what is as it is anyway is left out."""
        return query_of(replace(self, **changes))  # type: ignore[arg-type] # names and types are those above

    def sorted_by(self, column: Column) -> str:
        """The query that sorts by this column, or turns the order round where it sorts by it already."""
        down = not self.down if column.name == self.sort else column.descending
        return self.changed(sort=column.name, down=down, first=0)

    @property
    def order(self) -> str:
        """How the rows stand, in the word that `aria-sort` takes."""
        return "descending" if self.down else "ascending"

    @property
    def direction(self) -> str:
        """The same, in the word that a URL takes."""
        return "desc" if self.down else "asc"


def choice_of(params: Mapping[str, str], remembered: str = "") -> Choice:
    """The choice in a URL's query; where it names no order, the one that was remembered (`column.direction`)."""
    asked = params.get("sort", ""), params.get("dir", "")
    sort, direction = asked if asked[0] in BY_NAME else _remembered(remembered)
    down = {"desc": True, "asc": False}.get(direction, BY_NAME[sort].descending)
    show = params.get("show", "all")
    wanted = params.get("filter", "")[:LONGEST_FILTER].strip()
    first = number(params.get("from", ""), most=MOST_QUEUES) // SHOWN * SHOWN
    return Choice(show if show in SHOWS else "all", sort, down, wanted, first)


def _remembered(value: str) -> tuple[str, str]:
    sort, _, direction = value.partition(".")
    return (sort, direction) if sort in BY_NAME else ("trouble", "")


def query_of(choice: Choice) -> str:
    """`?show=…&sort=…&dir=…&filter=…&from=…`, without what goes without saying; the order is always said."""
    asked = {
        key: value for key, value in asdict(choice).items() if key in ("show", "filter") and value != _DEFAULT[key]
    }
    order = {"sort": choice.sort, "dir": choice.direction}
    part = {"from": choice.first} if choice.first else {}
    return "?" + urlencode({**asked, **order, **part}, errors="surrogateescape")


_DEFAULT = asdict(Choice())


def label(queue: Queue) -> str:
    """What a queue is found by: its name, and where it lives."""
    return f"{queue.id.name} {place(queue)} {queue.identity.label}".casefold()


def place(queue: Queue) -> str:
    """Where a queue lives, as far as it does not go without saying."""
    prefix = queue.id.prefix if queue.id.prefix != "bull" else ""
    instance = queue.id.instance if queue.id.instance != "default" else ""
    return " · ".join(part for part in (instance, prefix) if part)


def matching(queues: tuple[Queue, ...], choice: Choice) -> list[Queue]:
    """The queues that this choice shows, in its order."""
    wanted, text = SHOWS[choice.show], choice.filter.casefold()
    found = [queue for queue in queues if wanted(queue) and (not text or text in label(queue))]
    return ordered(found, choice)


def ordered(queues: list[Queue], choice: Choice) -> list[Queue]:
    """By the chosen column, unknown values last in either direction, then by name."""
    value = BY_NAME[choice.sort].value
    named = sorted(queues, key=lambda q: (q.id.name.casefold(), q.id))
    known = [queue for queue in named if value(queue) is not None]
    known.sort(key=lambda q: cast(Any, value(q)), reverse=choice.down)
    return known + [queue for queue in named if value(queue) is None]


@dataclass(frozen=True, slots=True)
class Part:
    """Which rows of how many a page shows; `before` and `behind`: where the others are, empty where there are none."""

    first: int
    last: int
    total: int
    before: str
    behind: str

    @property
    def is_whole(self) -> bool:
        return self.last - self.first == self.total


def part_of(queues: list[Queue], choice: Choice) -> tuple[list[Queue], Part]:
    """The rows that a page shows of all that match, and where they stand among them."""
    first = choice.first if choice.first < len(queues) else 0
    last = min(first + SHOWN, len(queues))
    before = choice.changed(first=first - SHOWN) if first else ""
    behind = choice.changed(first=last) if last < len(queues) else ""
    return queues[first:last], Part(first, last, len(queues), before, behind)
