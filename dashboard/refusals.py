"""What a refusal looks like over HTTP: one status for each code, and a page for people or a document for programs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, Response
from starlette.types import Scope

from core.errors import Forbidden, Invalid, RateLimited, TickbirdError
from core.text import printable

PROBLEM = "application/problem+json"


class Unauthorized(TickbirdError):
    """Nobody has said who is asking, or not convincingly."""

    code = "unauthorized"


class TooLarge(TickbirdError):
    """More was sent than is read."""

    code = "too_large"


class AddressTooLong(TooLarge):
    """An address with more behind its question mark than any page of ours asks for."""


class Misdirected(Forbidden):
    """Sent to a host name that is not ours: a stale name, or a page elsewhere that points its own name at us."""


class MethodUnknown(Invalid):
    """The path is there, but not for this method."""


class BodyUnknown(Invalid):
    """A body of a type that is not read."""


# Unsupported is 422, not 501: the request was understood and refused, and nothing here is broken.
STATUSES = {
    "invalid": HTTPStatus.BAD_REQUEST,
    "unauthorized": HTTPStatus.UNAUTHORIZED,
    "forbidden": HTTPStatus.FORBIDDEN,
    "not_found": HTTPStatus.NOT_FOUND,
    "conflict": HTTPStatus.CONFLICT,
    "too_large": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "unsupported": HTTPStatus.UNPROCESSABLE_ENTITY,
    "rate_limited": HTTPStatus.TOO_MANY_REQUESTS,
    "internal": HTTPStatus.INTERNAL_SERVER_ERROR,
    "unavailable": HTTPStatus.SERVICE_UNAVAILABLE,
}
# Where HTTP says it more exactly than the code does.
EXACTER = {
    Misdirected: HTTPStatus.MISDIRECTED_REQUEST,
    AddressTooLong: HTTPStatus.REQUEST_URI_TOO_LONG,
    MethodUnknown: HTTPStatus.METHOD_NOT_ALLOWED,
    BodyUnknown: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
}
TITLES = {
    "invalid": "The request makes no sense",
    "unauthorized": "A login is needed",
    "forbidden": "Not allowed",
    "not_found": "Not found",
    "conflict": "Not possible now",
    "too_large": "Too large",
    "unsupported": "Not supported by this queue",
    "rate_limited": "Too much at once",
    "internal": "Something broke",
    "unavailable": "Redis is away",
}


def status_of(error: TickbirdError) -> int:
    """The HTTP status of an error."""
    return int(EXACTER.get(type(error)) or STATUSES[error.code])


def when_again(error: TickbirdError) -> dict[str, str]:
    """The header that tells a program when to come back, for refusals that pass."""
    if isinstance(error, RateLimited):
        return {"retry-after": str(error.retry_after)}
    return {"retry-after": "1"} if error.code == "unavailable" else {}


def problem(error: TickbirdError, status: int | None = None, headers: Mapping[str, str] | None = None) -> Response:
    """The error as an RFC 9457 document; `status` where the caller knows it more exactly than the error does."""
    status = status or status_of(error)
    document = {
        "type": f"urn:tickbird:problem:{error.code}",
        "title": TITLES[error.code],
        "status": status,
        "detail": error.message,
        "code": error.code,
        "hint": error.hint,
    }
    return Response(json.dumps(document), status, {**when_again(error), **(headers or {})}, PROBLEM)


def refusal(scope: Scope, error: TickbirdError, headers: Mapping[str, str] | None = None) -> Response:
    """The error as a small readable page where a browser asks, else as a problem document."""
    if not wants_page(scope):
        return problem(error, headers=headers)
    return HTMLResponse(_page(error), status_of(error), {**when_again(error), **(headers or {})})


def wants_page(scope: Scope) -> bool:
    """Whether a browser asks, for somebody to read."""
    return "text/html" in Headers(scope=scope).get("accept", "")


def _page(error: TickbirdError) -> str:
    title, message, hint = (escape(printable(words)) for words in (TITLES[error.code], error.message, error.hint))
    return (
        '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{title} · Tickbird</title>\n<main>\n<h1>{title}</h1>\n<p>{message}</p>\n"
        + (f"<p>{hint}</p>\n" if hint else "")
        + "</main>\n</html>\n"
    )
