"""An export as a file that a browser saves: streamed, never held in memory as a whole."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

from starlette.responses import StreamingResponse

from core.export.formats import Format, ending, heading, written
from core.export.front import Export

_ODD = re.compile(r"[^A-Za-z0-9._-]+")
LONGEST_NAME = 80


def download(export: Export, format: Format, *, bom: bool) -> StreamingResponse:
    """The response, whose last line says how many jobs there are and whether these are all."""
    name = f"{_ODD.sub('_', export.queue.name)[:LONGEST_NAME]}-{export.state.value}.{format}"
    headers = {"content-disposition": f'attachment; filename="{name}"', "cache-control": "no-store"}
    return StreamingResponse(_lines(export, format, bom=bom), 200, headers, format.media)


async def _lines(export: Export, format: Format, *, bom: bool) -> AsyncIterator[bytes]:
    yield heading(format, bom=bom)
    async for jobs in export.slices():
        yield written(format, jobs)
    yield ending(format, export.summary, export.sentence)
