"""What a form of ours posts, read with limits: who posts by hand gets no more of our memory than a browser would."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl

from starlette.requests import Request

from core.errors import Invalid
from core.model import State
from dashboard.refusals import TooLarge
from dashboard.urls import decode_part

MOST_JOBS = 200
# Two hundred ids as long as anybody makes them, percent-encoded, and the few fields beside them.
LARGEST = 256 * 1024
MOST_FIELDS = MOST_JOBS + 20


@dataclass(frozen=True, slots=True)
class Form:
    """The ids of the ticked jobs, and the other fields, each once."""

    job_ids: tuple[str, ...]
    fields: dict[str, str]

    @property
    def state(self) -> State | None:
        """The state of the list that was looked at, where one was."""
        return next((state for state in State if state == self.fields.get("state")), None)

    @property
    def confirmed(self) -> bool:
        return self.fields.get("confirmed") == "yes"


async def read_form(request: Request) -> Form:
    """The form in this request's body. Raises Invalid or TooLarge."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    body = await _body(request)
    if body and kind != "application/x-www-form-urlencoded":
        raise Invalid(f"A body of type {kind or 'unknown'!r} is not read here.", "Post it as a form.")
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        raise Invalid(f"This form cannot be read, or has more than {MOST_FIELDS} fields.") from None
    job_ids = tuple(dict.fromkeys(decode_part(value) for name, value in pairs if name == "job"))
    if len(job_ids) > MOST_JOBS:
        raise TooLarge(f"At most {MOST_JOBS} jobs at a time.", "Tick fewer of them.")
    return Form(job_ids, {name: value for name, value in pairs if name != "job"})


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > LARGEST:
            raise TooLarge(f"The form is longer than {LARGEST:,} bytes.", "Tick fewer jobs.")
    return bytes(body)
