"""Who is asking, and so what they may do and which queues exist for them: known everywhere below the door they came in.

It is ambient, like a deadline: a filter that each page, call, search and stream would have to be handed could be
forgotten by one of them. Where nobody came in by a door (the collector, the command line) Tickbird itself asks.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from core.access.roles import DANGEROUS
from core.errors import Forbidden
from core.model import QueueId
from core.permission import Permission

EVERYTHING = frozenset(Permission)
# Who has none but these changes nothing.
ONLY_LOOKING = frozenset({Permission.VIEW, Permission.EXPORT, Permission.REVEAL, Permission.AUDIT})


@dataclass(frozen=True, slots=True)
class Scope:
    """The part of the world that is there for somebody: instances by pattern of their names, queues by patterns of
    name or `prefix:name`; none of a kind: all. `reveals`: what is redacted for others is not for them."""

    instances: tuple[str, ...] = ()
    queues: tuple[str, ...] = ()
    reveals: bool = False

    def has_instance(self, name: str) -> bool:
        """Whether that instance is there."""
        return not self.instances or any(fnmatchcase(name, pattern) for pattern in self.instances)

    def has(self, id: QueueId) -> bool:
        """Whether that queue is there."""
        if not self.has_instance(id.instance):
            return False
        full = f"{id.prefix}:{id.name}"
        return not self.queues or any(fnmatchcase(id.name, p) or fnmatchcase(full, p) for p in self.queues)

    @property
    def is_whole(self) -> bool:
        """Whether nothing is left out."""
        return not self.instances and not self.queues


@dataclass(frozen=True, slots=True)
class Asker:
    """Somebody, by the name that records tell. The one without a name is whoever can reach an unlocked Tickbird."""

    name: str = ""
    role: str = "admin"
    may: frozenset[Permission] = EVERYTHING
    instances: tuple[str, ...] = ()
    queues: tuple[str, ...] = ()
    reveals: bool = False
    scope: Scope = field(init=False, compare=False)

    def __post_init__(self) -> None:
        # Made once: every cache and every read asks for it.
        object.__setattr__(self, "scope", Scope(self.instances, self.queues, self.reveals))

    @property
    def only_looks(self) -> bool:
        """Whether nothing can be changed by them at all."""
        return self.may <= ONLY_LOOKING

    def check(self, needed: Permission) -> None:
        """Raises Forbidden where they may not do that."""
        if needed not in self.may:
            raise Forbidden(
                not_for(needed), "Whoever runs this Tickbird gives roles, and allows dangers, in its settings."
            )


# Tickbird itself: what runs in the background, and the command line.
ITSELF = Asker("tickbird")
_asking: ContextVar[Asker] = ContextVar("asking", default=ITSELF)


def asker() -> Asker:
    """Who is asking now."""
    return _asking.get()


@contextmanager
def asking(who: Asker) -> Iterator[None]:
    """Let `who` be the one who asks, in all that is done and begun inside."""
    token = _asking.set(who)
    try:
        yield
    finally:
        _asking.reset(token)


def not_for(needed: Permission) -> str:
    """Why who asks may not do that."""
    who = asker()
    if needed in DANGEROUS and who.role == "admin":
        return f"This is dangerous and switched off: the setting allow does not name {str(needed)!r}."
    return f"This needs the permission {str(needed)!r}, which the role {who.role!r} does not have."
