"""The query parameters of the calls, each with its range."""

from __future__ import annotations

from core.model import STATES
from core.query.words import MOST_CHARACTERS
from core.reads import MOST_JOBS, MOST_LINES
from dashboard.api import reads
from dashboard.api.parameters import Parameter

STATE = Parameter("state", "Which jobs.", {"type": "string", "enum": [state.value for state in STATES]}, required=True)
ORDER = Parameter(
    "order",
    "Which end to begin at: the newest job or the one that is there for the longest.",
    {"type": "string", "enum": ["newest", "oldest"], "default": "newest"},
)
LIMIT = Parameter(
    "limit", "The most jobs in one page.", {"type": "integer", "minimum": 1, "maximum": MOST_JOBS, "default": 50}
)
Q = Parameter(
    "q",
    "Only the jobs that fit these words, such as `reason:ECONNRESET data.user.id:42`. Looks for as long as a page may"
    " take: `covered` says how far that is, and `next` goes on.",
    {"type": "string", "maxLength": MOST_CHARACTERS},
)
CURSOR = Parameter(
    "cursor",
    "Where to go on: `next` of the page before, as it is.",
    {"type": "string", "minLength": 1, "maxLength": 32_768},  # it carries a few job ids, which may be long
)
BYTES = Parameter(
    "bytes",
    "The most bytes of any one field; a longer one is cut, and its true size told.",
    {"type": "integer", "minimum": 1, "maximum": reads.LARGEST_FIELD, "default": 65_536},
)
START = Parameter(
    "start",
    "The first line, from 0; a negative one counts from the end.",
    {"type": "integer", "minimum": -1_000_000_000, "maximum": 1_000_000_000, "default": 0},
)
LINES = Parameter(
    "limit",
    "The most lines.",
    {"type": "integer", "minimum": 1, "maximum": MOST_LINES, "default": 200},
)
FORCE = Parameter(
    "force",
    "Although a worker holds its lock, or it is a scheduler's next iteration.",
    {"type": "boolean", "default": False},
)
