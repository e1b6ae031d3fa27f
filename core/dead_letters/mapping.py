"""The setting `[[dead_letter]]`: which queues hold dead letters, and where in their data stands what. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import Invalid
from core.model import QueueId
from core.redis_settings import nearest
from core.slo import matches

# What a table may say: paths into the data of a dead letter (`meta.source.queue`), all but the first three.
PATHS = ("original_queue", "original_id", "job_name", "job_data", "job_options", "error", "attempts", "failed_at")
_WORDS = ("queue", "to", "name", *PATHS)


@dataclass(frozen=True, slots=True)
class Mapped:
    """One table: the queues it is for (a pattern), the queue and the name that all of theirs are sent back `to` and by,
    where these are not recorded, and the paths of what is."""

    queue: str
    to: str = ""
    name: str = ""
    original_queue: tuple[str, ...] = ()
    original_id: tuple[str, ...] = ()
    job_name: tuple[str, ...] = ()
    job_data: tuple[str, ...] = ()
    job_options: tuple[str, ...] = ()
    error: tuple[str, ...] = ()
    attempts: tuple[str, ...] = ()
    failed_at: tuple[str, ...] = ()


def mapped(tables: Sequence[Mapped], id: QueueId) -> Mapped | None:
    """What the settings say of this queue's dead letters: the first table that fits it."""
    return next((table for table in tables if matches(table.queue, id)), None)


def dead_letter_tables(tables: Any, where: str) -> tuple[Mapped, ...]:
    """The [[dead_letter]] tables of a settings file. Raises Invalid, naming the file, where they make no sense."""
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise Invalid(f"{where}: dead_letter must be a list of texts, or [[dead_letter]] tables.")
    return tuple(_table(table, where) for table in tables)


def _table(table: Mapping[str, Any], where: str) -> Mapped:
    for key, value in table.items():
        if key not in _WORDS:
            raise Invalid(f"{where} has an unknown setting {key!r} in [[dead_letter]].", nearest(key, _WORDS))
        if not isinstance(value, str) or not value:
            raise Invalid(f"{where}: {key} in [[dead_letter]] must be a text, not {value!r}.")
    if "queue" not in table:
        raise Invalid(f'{where}: a [[dead_letter]] needs queue, a pattern such as "*-dead".')
    paths = {key: tuple(table[key].split(".")) for key in PATHS if key in table}
    return Mapped(table["queue"], table.get("to", ""), table.get("name", ""), **paths)
