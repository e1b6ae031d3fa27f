"""What can go wrong, in a handful of codes that every face (page, API, command line) turns into its own form."""

from __future__ import annotations


class TickbirdError(Exception):
    """A refusal or failure that a person should read: what happened, to what, and what to do.

    `message` is a sentence for people; `hint` says what to do instead and may be empty.
    """

    code = "internal"

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message if not hint else f"{message} {hint}")
        self.message = message
        self.hint = hint
        # Which obstacle it was, where a script of ours told: `locked`, `missing` …
        self.reason = ""
        # Whether the audit log tells of it.
        self.recorded = False


class NotFound(TickbirdError):
    """The instance, queue or job is not there (any more)."""

    code = "not_found"


class Invalid(TickbirdError):
    """The caller's words make no sense: a bad cursor, an unknown state, a setting that is not known."""

    code = "invalid"


class Conflict(TickbirdError):
    """The thing is there, but not in a state in which this can be done safely now."""

    code = "conflict"


class Unavailable(TickbirdError):
    """Redis cannot be reached, or did not answer in time."""

    code = "unavailable"


class Unsupported(TickbirdError):
    """This queue's library has no such notion, or Tickbird will not do it to that version."""

    code = "unsupported"


class Forbidden(TickbirdError):
    """Known who is asking, and it is not theirs to do: a read-only Tickbird refuses every action with this."""

    code = "forbidden"


class RateLimited(TickbirdError):
    """Asked too often, or for too much at once; the same may well pass in `retry_after` seconds."""

    code = "rate_limited"

    def __init__(self, message: str, hint: str = "", *, retry_after: int = 5) -> None:
        super().__init__(message, hint)
        self.retry_after = retry_after
