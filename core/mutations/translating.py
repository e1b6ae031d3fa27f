"""A job as another queue's library would have it: options that both know are kept, what is left out is said. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from core.jobs.ineffective import ineffective
from core.jobs.options import with_long_names
from core.model import Queue
from core.mutations.duplicating import Original
from core.mutations.receiving import for_a_new_job
from core.mutations.written import NAME_LIMIT, plain_text
from core.text import json_or_none, printable

_BACKOFFS = ("fixed", "exponential")
_DEDUPLICATION = ("deduplication", "debounce", "de")


@dataclass(frozen=True, slots=True)
class Translated:
    """Its name, data and options in the long words, and sentences about what is not as it was; "" if nothing."""

    name: str
    data: str
    options: dict[str, Any]
    said: str


def translated(original: Original, to: Queue) -> Translated:
    """What can be added to that queue. Raises Invalid for a name that cannot."""
    plain_text("The name", original.name, NAME_LIMIT)
    options = with_long_names(original.options)
    useless = dict(ineffective(options, to.identity.dialect, pro=False))
    kept = for_a_new_job({word: value for word, value in options.items() if word not in useless}, to)
    # None at all is how BullMQ writes its default, which every library has.
    if not kept.get("attempts"):
        kept.pop("attempts", None)
    return Translated(original.name, original.data, kept, " ".join(_said(original, options, kept, useless)))


def _said(original: Original, options: dict[str, Any], kept: dict[str, Any], useless: dict[str, str]) -> Iterator[str]:
    for word, why in useless.items():
        yield f"Its option {word} was left out: {why}"
    if options.get("priority") != kept.get("priority"):
        yield f"Its priority was {options.get('priority'):,}, which that queue's library does not keep in order."
    stored = json_or_none(original.fields["opts"])
    if isinstance(stored, dict) and stored.keys() & {*_DEDUPLICATION}:
        yield "Its deduplication was left out: let its application add it, if others are to be held off."
    backoff = options.get("backoff")
    kind = backoff.get("type") if isinstance(backoff, dict) else None
    if isinstance(kind, str) and kind not in _BACKOFFS:
        yield f"Its backoff {printable(kind)[:100]!r} has to be known to the workers there."
