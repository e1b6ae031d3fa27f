"""Request bodies: JSON for the calls that read one; for all others an empty one is all that may be sent."""

from __future__ import annotations

from starlette.requests import Request

from core.errors import Invalid
from core.mutations.written import DATA_LIMIT
from dashboard.api.written import value_of
from dashboard.refusals import BodyUnknown, TooLarge

# Room for a reason and a few options.
LARGEST = 16 * 1024
# A job's data at their largest, and its options beside them.
LARGEST_JOB = DATA_LIMIT + 64 * 1024


async def check_body(request: Request) -> None:
    """Raise TooLarge, BodyUnknown or Invalid unless the body is empty or `{}`: an option without effect is a lie."""
    fields = await read_body(request)
    if fields:
        raise Invalid(f"There is no field {next(iter(fields))!r} here.", "This call takes none.")


async def read_body(request: Request, largest: int = LARGEST) -> dict[str, object]:
    """The fields of the JSON object that was sent; none of an empty body. Raises TooLarge, BodyUnknown, Invalid."""
    written = await read_written(request, largest)
    if not written:
        return {}
    value = value_of(written)
    if not isinstance(value, dict):
        raise Invalid("The body is not a JSON object.")
    return value


async def read_written(request: Request, largest: int) -> str:
    """The body's text, which says of itself that it is JSON; empty where there is none."""
    body = await _read(request, largest)
    if not body.strip():
        return ""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise BodyUnknown(f"A body of type {kind or 'unknown'!r} is not read here.", "Send none, or application/json.")
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise Invalid("The body is not JSON: it is not UTF-8.") from None


async def _read(request: Request, largest: int) -> bytes:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > largest:
            raise TooLarge(f"The body is longer than {largest:,} bytes.", "Nothing that can be asked here is.")
    return bytes(body)
