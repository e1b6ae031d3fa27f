"""A job of a flow as its tree shows it, with the pages that it leads to."""

from __future__ import annotations

from dataclasses import dataclass

from core.flows.flow import Flow, Node, Step, Tie
from core.model import QueueId, State
from dashboard.pages.job_row import LONGEST_PART, words
from dashboard.urls import encode_part, job_page

# What a child is to its parent, where its state does not say it.
TIES = {
    Tie.FAILED: "failed its parent",
    Tie.IGNORED: "its failure was ignored",
    Tie.STRANGE: "its parent does not count it",
}
# What the child's options say of its failure, in the words of `core/jobs/relatives.py`.
TERMS = {
    "fails it": "its failure would fail its parent",
    "is dropped on failure": "its failure would be dropped",
    "is ignored on failure": "its failure would be ignored",
    "lets it go on": "its failure would let its parent go on",
}


@dataclass(frozen=True, slots=True)
class Branch:
    """A node with what hangs below it. `href` is its job's page, `flow` the tree around it; empty where there is
    none. `critical`: it stands on the way to what holds the flow back most."""

    node: Node
    href: str
    flow: str
    here: bool
    critical: bool
    level: int
    kids: tuple[Branch, ...]

    @property
    def tie(self) -> str:
        return TIES.get(self.node.tie, "") if self.node.tie else ""

    @property
    def terms(self) -> str:
        """What would follow if it failed, of one that has not."""
        return ", ".join(TERMS.get(term, term) for term in self.node.terms.split(", ") if term) if self._is_open else ""

    @property
    def _is_open(self) -> bool:
        return self.node.tie is Tie.PENDING and self.node.state is not State.FAILED

    @property
    def doing(self) -> str:
        return words(self.node.row.progress) if self.node.row else ""

    @property
    def name(self) -> str:
        """What it is called, as far as anything is known of it."""
        if self.node.row is None:
            return self.node.id if self.node.queue else self.node.key
        return self.node.row.name or "a job without a name"


def branch(base: str, flow: Flow) -> Branch:
    """The whole tree."""
    return _branch(base, flow, flow.root, flow.blocking.critical, 0)


def _branch(base: str, flow: Flow, node: Node, critical: frozenset[str], level: int) -> Branch:
    href = page_of(base, node.queue, node.id)
    kids = tuple(_branch(base, flow, kid, critical, level + 1) for kid in node.kids)
    here = node.key == flow.here
    return Branch(node, href, href and f"{href}/flow", here, node.key in critical, level, kids)


def page_of(base: str, queue: QueueId | None, job_id: str) -> str:
    """The page of a job, where it can have one."""
    return job_page(base, queue, job_id) if queue and len(encode_part(job_id)) <= LONGEST_PART else ""


@dataclass(frozen=True, slots=True)
class Link:
    """A step on a way down a flow, with its page."""

    step: Step
    href: str


def links(base: str, steps: tuple[Step, ...]) -> tuple[Link, ...]:
    """The way, to be followed by a reader: to the tree around each job."""
    pages = ((step, page_of(base, step.queue, step.id)) for step in steps)
    return tuple(Link(step, page and f"{page}/flow") for step, page in pages)
