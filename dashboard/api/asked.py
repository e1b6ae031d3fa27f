"""What an endpoint is given: the herd, and what this request asks of it, already checked."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request

from core.herd import Herd
from core.model import QueueId
from dashboard import urls


@dataclass(frozen=True, slots=True)
class Asked:
    """One request. `query` has a value for every parameter that its call knows; `base` begins every href."""

    herd: Herd
    base: str
    request: Request
    query: Mapping[str, Any]

    @property
    def queue(self) -> QueueId:
        """The queue that the path names; Invalid where it cannot be read."""
        return urls.queue_id(self.request)

    @property
    def job_id(self) -> str:
        """The job that the path names."""
        return urls.job_id(self.request)


def now() -> int:
    """This moment, in milliseconds since the epoch."""
    return time.time_ns() // 1_000_000
