"""What is kept of removed jobs, so that they can be put back as they were: whole hashes, logs, places."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from core.errors import Invalid
from core.model import QueueId
from core.store import shapes
from core.store.contract import Shelf

# Half an hour: who removed the wrong jobs notices by then, and it is not yet worth much to put them back.
LASTS = 30 * 60 * 1000
SHELF = Shelf("undo", ("about", "jobs"), most=4_000, bytes=64_000_000, age=LASTS)
# Of one removal: what takes a quarter of the room at most, and a few seconds to read.
MOST_JOBS, MOST_BYTES = 20_000, 16_000_000
# Of one job.
LARGEST_JOB, MOST_FIELDS, MOST_LINES = 1_000_000, 200, 2_000


@dataclass(frozen=True, slots=True)
class KeptJob:
    """One job, byte for byte. `where` is the key of its state; in a sorted set it has a `score`, in a list a `place`:
    how many stood nearer the tail (None: not known). `order` is its score among the priorities of a list."""

    id: bytes
    where: str
    fields: tuple[bytes, ...]
    logs: tuple[bytes, ...] = ()
    score: bytes = b""
    place: int | None = None
    order: bytes = b""

    @property
    def size(self) -> int:
        return sum(map(len, self.fields)) + sum(map(len, self.logs))


@dataclass(frozen=True, slots=True)
class Chunk:
    """Jobs of one queue that were removed together."""

    queue: QueueId
    jobs: tuple[KeptJob, ...]


@dataclass(frozen=True, slots=True)
class About:
    """One removal, single or bulk: its queues, who did it and when (ms), how many jobs are kept in how many chunks, why
    others are not, and which (as `mark` names them) were left alone after all. `restored`, once it was undone;
    `refused` were not, and why."""

    queues: tuple[QueueId, ...]
    at: int
    by: str = ""
    kept: int = 0
    chunks: int = 0
    bytes: int = 0
    left_out: Mapping[str, int] = field(default_factory=dict)
    spared: tuple[str, ...] = ()
    restored: int | None = None
    refused: Mapping[str, int] = field(default_factory=dict)

    @property
    def until(self) -> int:
        """When it can no longer be undone."""
        return self.at + LASTS


def mark(queue: QueueId, job_id: str) -> str:
    """One job among those of all queues."""
    return "\0".join((queue.instance, queue.prefix, queue.name, job_id))


def packed(chunk: Chunk) -> str:
    """As a text that a store keeps."""
    return base64.b64encode(zlib.compress(shapes.written(chunk).encode(), 1)).decode()


def unpacked(text: str) -> Chunk:
    """The chunk again. Raises Invalid."""
    try:
        return shapes.read(Chunk, zlib.decompress(base64.b64decode(text)).decode())
    except (ValueError, zlib.error) as error:
        raise Invalid(f"What was kept cannot be read: {error!r:.200}.") from error
