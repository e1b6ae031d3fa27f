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
# The units of lengths of time, in milliseconds.
UNITS = {"ms": 1, "s": 1000, "min": 60_000, "h": 3_600_000, "d": 86_400_000}


@dataclass(frozen=True, slots=True)
class Form:
    """The ids of the ticked jobs, the addresses of the ticked queues, and the other fields, each once."""

    job_ids: tuple[str, ...]
    fields: dict[str, str]
    queues: tuple[str, ...] = ()

    @property
    def state(self) -> State | None:
        """The state of the list that was looked at, where one was."""
        return next((state for state in State if state == self.fields.get("state")), None)

    @property
    def confirmed(self) -> bool:
        return self.says("confirmed")

    def says(self, name: str) -> bool:
        """Whether that box is ticked."""
        return self.fields.get(name) == "yes"


async def read_form(request: Request, *, largest: int = LARGEST, most_fields: int = MOST_FIELDS) -> Form:
    """The form in this request's body. Raises Invalid or TooLarge."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    body = await _body(request, largest)
    if body and kind != "application/x-www-form-urlencoded":
        raise Invalid(f"A body of type {kind or 'unknown'!r} is not read here.", "Post it as a form.")
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=most_fields)
    except ValueError:
        raise Invalid(f"This form cannot be read, or has more than {most_fields} fields.") from None
    job_ids = tuple(dict.fromkeys(decode_part(value) for name, value in pairs if name == "job"))
    if len(job_ids) > MOST_JOBS:
        raise TooLarge(f"At most {MOST_JOBS} jobs at a time.", "Tick fewer of them.")
    queues = tuple(dict.fromkeys(value for name, value in pairs if name == "queue"))
    return Form(job_ids, {name: value for name, value in pairs if name not in ("job", "queue")}, queues)


def needed(form: Form, name: str, about: str) -> int:
    """The whole number in a field that must hold one. Raises Invalid."""
    number = whole(form, name, about)
    if number is None:
        raise Invalid(f"{about} is missing.")
    return number


def whole(form: Form, name: str, about: str) -> int | None:
    """The whole number in a field, grouped or not; None where it is empty. Raises Invalid."""
    said = form.fields.get(name, "").strip().replace(",", "")
    if not said:
        return None
    if not (said.isascii() and said.isdecimal() and len(said) < 16):
        raise Invalid(f"{about} is a whole number, not {said!r:.60}.")
    return int(said)


def length(form: Form, name: str, about: str) -> int | None:
    """The length of time in a field and the unit beside it, in milliseconds; None where it is empty."""
    number = whole(form, name, about)
    return None if number is None else number * UNITS.get(form.fields.get("unit", "s"), 1000)


async def _body(request: Request, largest: int) -> bytes:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > largest:
            raise TooLarge(f"The form is longer than {largest:,} bytes.", "Tick fewer, or write less.")
    return bytes(body)
