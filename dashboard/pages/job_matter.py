"""What a job carries, as the sections of its page: payloads laid out, traces taken apart, relatives linked."""

from __future__ import annotations

from dataclasses import dataclass

from core.job import Job, Payload, Relative
from core.model import State
from dashboard.json_text import Token, laid_out
from dashboard.stacks import Stack, stack
from dashboard.urls import job_href, job_page

# Fields of the hash that the page shows in full elsewhere, the moving one included.
SHOWN_ABOVE = frozenset(("data", "opts", "returnvalue", "failedReason", "stacktrace", "progress"))


@dataclass(frozen=True, slots=True)
class Shown:
    """A payload fit to be shown: its stretches of text with their kind, its true size, and whether it is cut."""

    title: str
    id: str
    stretches: list[Token]
    size: int
    cut: bool


@dataclass(frozen=True, slots=True)
class Kin:
    """A parent or child, with its page where its queue is known."""

    relative: Relative
    href: str


@dataclass(frozen=True, slots=True)
class Matter:
    """What stands below the head of a job's page; `api` is the whole of it, uncut, and `flow` the tree around it."""

    job: Job
    api: str
    flow: str
    payloads: list[Shown]
    options: Shown | None
    stacks: list[Stack]
    parent: Kin | None
    children: list[Kin]
    fields: list[Shown]

    @property
    def says_more(self) -> bool:
        """Whether the reason has more to it than the head of the page shows."""
        reason = self.job.failed_reason
        in_head = self.job.row.state is State.FAILED and self.job.row.failed_reason
        return reason is not None and not (in_head and reason.text == self.job.row.failed_reason)


def matter(base: str, job: Job) -> Matter:
    """The sections of this job."""
    payloads = (("Data", "data", job.data), ("Result", "result", job.returnvalue))
    listed = job.children.listed if job.children else ()
    return Matter(
        job,
        job_href(base, job.queue, job.row.id),
        job_page(base, job.queue, job.row.id) + "/flow",
        [_shown(title, id, payload) for title, id, payload in payloads if payload is not None],
        _shown("Options", "options", job.opts) if job.opts else None,
        [stack(trace) for trace in reversed(job.stacktrace)],
        _kin(base, job.parent) if job.parent else None,
        [_kin(base, child) for child in listed],
        [_shown(name, "", payload) for name, payload in job.fields.items() if name not in SHOWN_ABOVE],
    )


def _shown(title: str, id: str, payload: Payload) -> Shown:
    looks_like_json = payload.is_json or (payload.cut and payload.text[:1] in ("{", "[", '"'))
    stretches = laid_out(payload.text) if looks_like_json else [Token("plain", payload.text)]
    return Shown(title, id, stretches, payload.size, payload.cut)


def _kin(base: str, relative: Relative) -> Kin:
    return Kin(relative, job_page(base, relative.queue, relative.id) if relative.queue else "")
