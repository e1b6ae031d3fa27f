"""Where queues and jobs live: every legal prefix, name and id becomes one part of a path, and back, byte for byte.

A part is written as JSON Pointer does (`~` as `~0`, `/` as `~1`), then percent-encoded. Browsers and proxies
rewrite the parts `.`, `..` and the empty one even when percent-encoded, so these become `~.`, `~..` and `~`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import quote, unquote_to_bytes, urlencode, urlsplit

from starlette.requests import Request
from starlette.routing import Match, Route
from starlette.types import Receive, Scope, Send

from core.access.asker import asker
from core.errors import Invalid
from core.model import QueueId
from core.permission import Permission
from core.text import raw_bytes, text
from dashboard.budgets import Cost
from dashboard.refusals import AddressTooLong

QUEUE = "/queues/{instance}/{prefix}/{name}"
JOB = QUEUE + "/jobs/{job_id}"
OPERATION = "/operations/{operation_id}"
SEARCH = "/searches/{search_id}"
FAILURE = "/errors/{group}"
# A query of two thousand characters, each of four bytes, in the address of a page, encoded once more for its stream.
LONGEST_QUERY = 64 * 1024
DEDUPLICATION = QUEUE + "/deduplication/{deduplication_id}"

_REWRITTEN = {"": "~", ".": "~.", "..": "~.."}
_ORIGINAL = {written: value for value, written in _REWRITTEN.items()}
_ESCAPE = re.compile("~(.?)", re.DOTALL)
_MEANING = {"0": "~", "1": "/"}
# Lone surrogates other than those that stand for a raw byte: Redis cannot hold them, Node writes U+FFFD for them.
_UNWRITABLE = re.compile("[\ud800-\udc7f\udd00-\udfff]")


@lru_cache(maxsize=8192)  # the same names stand in every row of every page
def encode_part(value: str) -> str:
    """One prefix, name or id as one part of a path."""
    escaped = _REWRITTEN.get(value) or value.replace("~", "~0").replace("/", "~1")
    return quote(raw_bytes(_UNWRITABLE.sub("\ufffd", escaped)), safe="")


def decode_part(part: str) -> str:
    """The value that `encode_part` wrote, from a part as it stands in the URL; Invalid where `~` is misused."""
    try:
        escaped = text(unquote_to_bytes(part))
    except UnicodeEncodeError:
        raise Invalid("A path cannot hold half a character.", "Write it as UTF-8, percent-encoded.") from None
    return _ORIGINAL[escaped] if escaped in _ORIGINAL else _ESCAPE.sub(_unescaped, escaped)


def _unescaped(escape: re.Match[str]) -> str:
    if escape[1] not in _MEANING:
        raise Invalid(f"{escape[0]!r} means nothing in a path.", "Write ~ as ~0 and / as ~1, then percent-encode.")
    return _MEANING[escape[1]]


def encode_query(words: Mapping[str, str]) -> str:
    """`name=value&…`: raw bytes come back as they were; half a pair of surrogates, which JSON may hold, cannot."""
    return urlencode({name: raw_bytes(_UNWRITABLE.sub("\ufffd", value)) for name, value in words.items()})


def queue_href(base: str, id: QueueId) -> str:
    """The queue in the JSON API; `base` is the base path."""
    return f"{base}/api{_queue(id)}"


def job_href(base: str, id: QueueId, job_id: str) -> str:
    """The job in the JSON API."""
    return f"{base}/api{_job(id, job_id)}"


def operation_href(base: str, id: str) -> str:
    """The operation in the JSON API."""
    return f"{base}/api/operations/{encode_part(id)}"


def search_href(base: str, id: str) -> str:
    """The search in the JSON API."""
    return f"{base}/api/searches/{encode_part(id)}"


def search_page(base: str, said: str, id: str = "") -> str:
    """The page of a search for these words; `id` names one that is there already."""
    return f"{base}/search?{encode_query({'q': said, **({'search': id} if id else {})})}"


def queue_of_href(base: str, href: str) -> QueueId:
    """The queue whose href this is; Invalid where it is none of ours. A whole URL is taken by its path."""
    try:
        path = urlsplit(href).path
    except ValueError:
        path = ""
    parts = path.removeprefix(f"{base}/api/queues/").split("/")
    if not path.startswith(f"{base}/api/queues/") or len(parts) != 3:
        raise Invalid(f"{href!r} is not a queue's href.", f"It begins with {base}/api/queues/ and is in every queue.")
    return QueueId(*map(decode_part, parts))


def queue_of_page(base: str, path: str) -> QueueId:
    """The queue whose page is at this path; Invalid where it is none of ours."""
    parts = path.removeprefix(f"{base}/queues/").split("/")
    if not path.startswith(f"{base}/queues/") or len(parts) != 3:
        raise Invalid(f"{path!r:.100} is not the page of a queue.")
    return QueueId(*map(decode_part, parts))


def operation_page(base: str, id: str) -> str:
    """The page of the operation."""
    return f"{base}/operations/{encode_part(id)}"


def failure_href(base: str, key: str) -> str:
    """The group of like failures in the JSON API."""
    return f"{base}/api/errors/{encode_part(key)}"


def failure_page(base: str, key: str) -> str:
    """The page of a group of like failures."""
    return f"{base}/errors/{encode_part(key)}"


def queue_page(base: str, id: QueueId) -> str:
    """The page of the queue."""
    return f"{base}{_queue(id)}"


def job_page(base: str, id: QueueId, job_id: str) -> str:
    """The page of the job."""
    return f"{base}{_job(id, job_id)}"


def _queue(id: QueueId) -> str:
    return f"/queues/{encode_part(id.instance)}/{encode_part(id.prefix)}/{encode_part(id.name)}"


def _job(id: QueueId, job_id: str) -> str:
    return f"{_queue(id)}/jobs/{encode_part(job_id)}"


class RawRoute(Route):
    """A route that matches the path as it was sent, so `%25`, `%0A` and bytes that are no UTF-8 stay what they are.

    Its path parameters are still encoded: read them with `queue_id` and `job_id`. The gate makes `scope["path"]` the
    sent path for everything behind it (a `Mount` cannot hold a line break); this route needs no gate to be right.
    """

    def __init__(
        self,
        path: str,
        endpoint: Callable[..., Any],
        *,
        needs: Permission,
        methods: Sequence[str] | None = None,
        costs: Cost | None = Cost.READ,
    ) -> None:
        """`needs` is what one must be allowed in order to come here at all, `costs` whose budget it is taken from; None
        where the endpoint itself sees to that."""
        super().__init__(path, endpoint, methods=list(methods) if methods else None)
        self.needs = needs
        self.costs = costs

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        if len(scope["query_string"]) > LONGEST_QUERY:
            raise AddressTooLong("This address is longer than any that is read here.")
        if self.costs is None:
            asker().check(self.needs)
            await super().handle(scope, receive, send)
            return
        # What is refused costs as well: each refusal of a change is a line in the audit log.
        with scope["app"].state.desk.budgets.spend(self.costs):
            asker().check(self.needs)
            await super().handle(scope, receive, send)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        return super().matches({**scope, "path": sent_path(scope)})


def sent_path(scope: Scope) -> str:
    """The path as the client sent it, percent-encoding and all."""
    raw: bytes = scope.get("raw_path") or quote(scope["path"], safe="/").encode()
    return raw.decode("latin-1")


def queue_id(request: Request) -> QueueId:
    """The queue that this request's path names (of a `RawRoute`); Invalid where a part cannot be read."""
    return QueueId(*(decode_part(request.path_params[part]) for part in ("instance", "prefix", "name")))


def job_id(request: Request) -> str:
    """The job that this request's path names (of a `RawRoute`)."""
    return decode_part(request.path_params["job_id"])
