"""Where schedulers live: their pages and their place in the JSON API."""

from __future__ import annotations

from starlette.requests import Request

from core.model import QueueId
from dashboard.urls import QUEUE, decode_part, encode_part, queue_href, queue_page

SCHEDULERS = QUEUE + "/schedulers"
# Beside the schedulers, not among them: any text may be the key of one.
NEW = QUEUE + "/new-scheduler"
PREVIEW = QUEUE + "/schedule-preview"
SCHEDULER = SCHEDULERS + "/{scheduler_key}"


def schedulers_page(base: str, id: QueueId) -> str:
    """The page of a queue's schedulers."""
    return f"{queue_page(base, id)}/schedulers"


def scheduler_page(base: str, id: QueueId, key: str) -> str:
    """The page of the scheduler."""
    return f"{schedulers_page(base, id)}/{encode_part(key)}"


def scheduler_href(base: str, id: QueueId, key: str) -> str:
    """The scheduler in the JSON API."""
    return f"{queue_href(base, id)}/schedulers/{encode_part(key)}"


def scheduler_key(request: Request) -> str:
    """The scheduler that this request's path names (of a `RawRoute`)."""
    return decode_part(request.path_params["scheduler_key"])
