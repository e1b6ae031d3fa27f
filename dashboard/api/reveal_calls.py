"""A job with what redaction takes out of it: asked for by a POST, so that no link, prefetch or cache does."""

from __future__ import annotations

from collections.abc import Mapping

from core.permission import Permission
from dashboard.api import job_shapes
from dashboard.api.asked import Asked
from dashboard.api.call import READING, Call
from dashboard.api.queries import BYTES
from dashboard.api.schema_words import Schema, object_, ref
from dashboard.api.shapes import Json
from dashboard.urls import JOB


async def reveal(asked: Asked) -> Json:
    """All of it, and the last of its log lines; the audit log says who asked."""
    revealed = await asked.herd.reveals.job(asked.queue, asked.job_id, limit_bytes=asked.query["bytes"])
    permits = asked.herd.job_permits(asked.queue, revealed.job)
    return {
        "job": job_shapes.job(asked.base, revealed.job, permits),
        "logs": job_shapes.logs(revealed.logs),
    }


CALLS = (
    Call(
        "POST",
        f"{JOB}/reveal",
        reveal,
        "Revealed",
        "A job with what is redacted for others; it is written to the audit log",
        Permission.REVEAL,
        (BYTES,),
        READING,
    ),
)
SCHEMAS: Mapping[str, Schema] = {
    "Revealed": object_("A job with nothing redacted.", job=ref("Job"), logs=ref("Logs")),
}
