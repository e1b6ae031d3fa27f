"""The JSON Schema of a removal that can be undone."""

from __future__ import annotations

from collections.abc import Mapping

from dashboard.api.schema_words import COUNT, HREF, INSTANT, TEXT, Schema, list_of, map_of, maybe, object_

UNDO_SCHEMAS: Mapping[str, Schema] = {
    "Removal": object_(
        "Jobs that were removed. `left_out` says why some cannot be put back; `restored` is null until it is undone.",
        id=TEXT,
        queues=list_of(HREF),
        at=INSTANT,
        until=INSTANT,
        by=TEXT,
        kept=COUNT,
        left_out=map_of(COUNT),
        restored=maybe(COUNT),
        refused=map_of(COUNT),
    ),
}
