"""Which queues of parents an act had to do with: the end, return or removal of a child is told to its parent, as its
library tells it, and that parent may live in another queue. Noted on the way, for whoever writes down what was done."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from core.model import QueueId
from core.text import text

# The bases of parents' queues, each with its instance.
Met = set[tuple[str, bytes]]
_met: ContextVar[Met | None] = ContextVar("met", default=None)


@contextmanager
def meeting() -> Iterator[Met]:
    """Collect what is met inside; an act within an act has its own."""
    found: Met = set()
    token = _met.set(found)
    try:
        yield found
    finally:
        _met.reset(token)


def met(instance: str, bases: Iterable[bytes]) -> None:
    """Parents in these queues were looked at, and told what there was to tell."""
    found = _met.get()
    if found is not None:
        found.update((instance, base) for base in bases)


def so_far() -> Met:
    """What was met up to now by the act that goes on."""
    return _met.get() or set()


def by_its_base(instance: str, base: bytes) -> QueueId:
    """The queue, as far as a base tells without knowing which there are."""
    prefix, _, name = text(base.removesuffix(b":")).rpartition(":")
    return QueueId(instance, prefix, name)
