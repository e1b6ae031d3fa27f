"""JSON Schemas of flows; the twin of `flow_shapes`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.flows.flow import Cause, Tie
from core.model import STATES
from dashboard.api.schema_words import (
    ANYTHING,
    COUNT,
    FLAG,
    HREF,
    INSTANT,
    SPAN,
    TEXT,
    WHOLE,
    Schema,
    list_of,
    maybe,
    object_,
    one_of,
    ref,
)

_QUEUE = object_("A queue, and where it is.", instance=TEXT, prefix=TEXT, name=TEXT, href=HREF, page=HREF)
_PLACE: dict[str, Any] = {"id": TEXT, "queue": maybe(_QUEUE), "href": maybe(HREF), "page": maybe(HREF)}
_CHILDREN = object_(
    "How a parent counts its children: it waits for `pending`; `ignored` failed and did not fail it, `failed` did.",
    total=COUNT,
    pending=COUNT,
    processed=COUNT,
    ignored=COUNT,
    failed=COUNT,
)
FLOW_SCHEMAS: Mapping[str, Schema] = {
    "FlowNode": object_(
        "A job of a flow. `tie` says how its parent counts it (null: it is at the top), `onFailure` what its failure "
        "means for the parent, `waitsSince` when it began to wait for its children. `gone`: Redis has lost it. Where "
        "`queue` is null its queue is not known here. `sure` is false where a list was too long to be searched for it. "
        "`kids` are the children that are shown, `more` how many are not.",
        **_PLACE,
        key=TEXT,
        state=maybe(one_of((*STATES, "unknown"))),
        gone=FLAG,
        name=maybe(TEXT),
        tie=maybe(one_of(Tie)),
        onFailure=TEXT,
        timestamp=maybe(INSTANT),
        dueAt=maybe(INSTANT),
        processedOn=maybe(INSTANT),
        finishedOn=maybe(INSTANT),
        took=maybe(SPAN),
        waitsSince=maybe(INSTANT),
        progress=ANYTHING,
        attemptsMade=maybe(WHOLE),
        failedReason=maybe(TEXT),
        locked=maybe(FLAG),
        sure=FLAG,
        children=maybe(_CHILDREN),
        kids=list_of(ref("FlowNode")),
        more=COUNT,
    ),
    "Flow": object_(
        "The tree around the job `here`, from its top down. Its children are paged: `covered` says how many of them "
        "are here, and `next` goes on. `notes` say where pointers are broken, or the tree was cut.",
        root=ref("FlowNode"),
        here=TEXT,
        above=list_of(object_("A job above it, the top first.", **_PLACE, key=TEXT)),
        blocking=object_(
            "What holds it back, worst first, as far as `covered` says was looked.",
            sentence=TEXT,
            blockers=list_of(
                object_(
                    "Jobs of one queue that hold it back for one cause, with the way from the top to one of them.",
                    cause=one_of(Cause),
                    count=COUNT,
                    sentence=TEXT,
                    queue=maybe(_QUEUE),
                    path=list_of(object_("A job on the way.", **_PLACE, key=TEXT)),
                )
            ),
            covered=ref("Covered"),
        ),
        next=maybe(TEXT),
        covered=ref("Covered"),
        notes=list_of(TEXT),
    ),
    "Flights": object_(
        "Jobs that wait for their children, those that wait longest first. `covered.total` counts all of them, parts "
        "of larger flows too.",
        flows=list_of(
            object_(
                "A flow in flight. Of its unfinished children `lookedAt` were looked at: so many `failed`, and the "
                "worst `cause` that was met.",
                **_PLACE,
                name=maybe(TEXT),
                waitsSince=maybe(INSTANT),
                children=maybe(_CHILDREN),
                failed=COUNT,
                lookedAt=COUNT,
                cause=maybe(one_of(Cause)),
                because=TEXT,
                isPart=FLAG,
            )
        ),
        next=maybe(TEXT),
        covered=ref("Covered"),
        trouble=list_of(TEXT),
        queues_without_flows=COUNT,
    ),
    "FlowExtent": object_(
        "What a removal of a whole flow would take: at least so many where it is not `exact`. `running` of them are "
        "active; `strangers` lie in queues that are not known here.",
        total=COUNT,
        exact=FLAG,
        running=COUNT,
        strangers=COUNT,
        counts=list_of(object_("So many jobs of one state.", queue=_QUEUE, state=TEXT, jobs=COUNT)),
    ),
    "FlowDone": object_(
        "What was done to how many jobs of a flow, and what was left alone (the first of `left_count`). `rest` is how "
        "many are still to be done by asking again; null: there are more.",
        verb=TEXT,
        changed=FLAG,
        sentence=TEXT,
        **_PLACE,
        done=COUNT,
        left=list_of(object_("A job that was left alone.", **_PLACE, why=TEXT)),
        left_count=COUNT,
        rest=maybe(COUNT),
        results=list_of(object_("What was done to one job.", **_PLACE, sentence=TEXT)),
    ),
}
