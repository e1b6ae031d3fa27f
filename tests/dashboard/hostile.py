"""A company whose every text tries to become something else: markup, a script, an instruction to htmx, another line."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

from core.events.happening import Happening
from core.history import History, Minute
from core.job import Children, Payload, Relative
from core.model import Dialect, Health, Identity, Instants, Limits, QueueId, State, Traffic, Verdict, Workers
from core.operations.operation import Operation, Skip, Status, Target
from core.operations.request import Action, Options, Request
from core.schedulers.scheduler import Head, Kind, Row, Run, Timing
from core.snapshot import Reading
from core.text import raw_bytes, text
from tests.dashboard.fixed_feed import FixedFeed
from tests.dashboard.fixed_herd import FixedHerd, job, now, queue
from tests.dashboard.fixed_operations import FixedOperations
from tests.dashboard.fixed_schedulers import FixedSchedulers

BIDI, NUL, BELL, ESCAPE = "\u202e", "\x00", "\x07", "\x1b"
TEXTS = (
    "\"><img src=x onerror=alert(1)>'",
    "</script></title></textarea><script>alert(1)</script>",
    "' onfocus=alert(1) autofocus x='",
    "{{7*7}}{% raw %}${7*7}",
    "javascript:alert(1)",
    '"><b hx-get=/admin/queues hx-trigger=load>',
    '</template><hx-partial id="head">x</hx-partial><template hx type=partial hx-target="#head">',
    f"{BIDI}gnp.exe{NUL}{BELL}{ESCAPE}[31m",
    text(b"\xff\xfe\xc3("),
    "\ud83d alone",
    "line\r\nbreak\n\ndata: x\nevent: y\n\n",
    "__proto__",
    "..",
    ".",
    "~0/%2f%25?a=b#c",
    "日本語 ✓ é",
    "x" * 10_000_000,
)
HUGE = 10**4000
# Redis counts its keys' members itself, in 64 bits.
MOST = 2**62


def hostile(words: str) -> FixedHerd:
    """One queue and some jobs, with these words wherever a text can stand."""
    name = in_redis(words if len(words) < 1000 else words[:5000])
    id = QueueId("default", name, name)
    identity = Identity(Dialect.MQ5, name[:200], (words[:500], words[:500]), doubt="")
    made = queue(
        name,
        prefix=name,
        identity=identity,
        counts=dict.fromkeys(State, 3),
        verdict=Verdict(Health.FAILING, words[:500], needs_attention=True),
        limits=Limits(HUGE, HUGE, HUGE, HUGE),
        instants=Instants(*[HUGE, now() - 5000, -HUGE, HUGE, HUGE, HUGE, HUGE]),
        traffic=Traffic(1e300, 1e300, (None, 0.0, 1e300), (1e300,)),
        workers=Workers(HUGE, HUGE, (words[:500],)),
        failed_last_hour=HUGE,
        overdue=HUGE,
    )
    past = History((Minute(now(), HUGE, HUGE), Minute(HUGE, None, None)), HUGE, words[:500])
    jobs = [_job(id, words, state) for state in State]
    herd = Hostile([made], jobs, log_lines=(words[:9000],) * 3, past=past)
    assert isinstance(herd.feed, FixedFeed)
    for event in (words[:9000], "delayed", "progress", "failed"):
        told = dict.fromkeys((b"data", b"delay", b"failedReason", b"returnvalue"), raw_bytes(name))
        herd.feed.tell(Happening(id, HUGE, event, name, name, told))
    assert isinstance(herd.schedulers, FixedSchedulers)
    herd.schedulers.rows = [_scheduler(id, words, kind) for kind in Kind]
    herd.schedulers.data = _payload(words)
    assert isinstance(herd.operations, FixedOperations)
    for status in Status:
        herd.operations.put(_operation(id, words, status))
    return herd


def _scheduler(id: QueueId, words: str, kind: Kind) -> Row:
    """A scheduler that says these words wherever it can say any."""
    short = words[:400]
    timing = Timing(pattern=short, tz=short[:90], start=2**53, end=2**53, limit=MOST, offset=MOST)
    head = Head(id, in_redis(f"{kind}{words[:3000]}"), kind, short, timing, 2 * 10**14, f"repeat:{short}")
    left = Run(now() - 1000, "failed", now(), 2**53, in_redis(words[:3000]))
    return Row(head, short, MOST, (Run(now() - 9000), left), (short, short), MOST)


def _operation(id: QueueId, words: str, status: Status) -> Operation:
    """Bulk work that says these words wherever it can say any."""
    short = words[:400]
    skips = (Skip(id, words[:2000], short, short), Skip(id, None, short, short))
    targets = (Target(id, State.FAILED, MOST, exact=False, done=MOST), Target(id, None, 0, exact=True, refusal=short))
    asked = Request(Action.CLEAN, (id,), State.FAILED, Options(MOST, MOST, MOST), short, short)
    return Operation(
        f"hostile-{status}",
        asked,
        status,
        targets,
        created=MOST,
        started=MOST,
        finished=MOST if status is Status.DONE else None,
        done=MOST,
        skipped={short: MOST},
        examples=skips,
        rate=1e300,
        trouble=short,
        longest_slice=1e300,
    )


class Hostile(FixedHerd):
    """Even what it says of itself is hostile."""

    def _reading(self, name: str) -> Reading:
        words = self.queues[0].verdict.sentence
        return replace(super()._reading(name), refusals=(words,), trouble=words)


def _job(id: QueueId, words: str, state: State) -> Any:
    short, shown = words[:300], _payload(words)
    family = Relative(words[:2000], words[:2000], id, short, short)
    return job(
        id,
        in_redis(f"{state}{words[:3000]}"),
        state,
        name=short,
        worker=short,
        about=((short[:32], short[:48]), ("", short[:48])),
        timestamp=HUGE if state is State.PAUSED else now() - 1000,
        processed_on=now() - 500,
        finished_on=now(),
        due_at=HUGE,
        priority=HUGE,
        attempts_made=3,
        attempts=HUGE,
        stalled=HUGE,
        progress=Payload(shown.text, shown.size, shown.cut, {"percent": HUGE, "message": short, short: short}, True),
        failed_reason=_payload(short),
        data=shown,
        opts=_payload(json.dumps({words[:3000]: [words[:3000], HUGE // 10**50]}), is_json=True),
        returnvalue=shown,
        stacktrace=(words[:9000], f"{short}\n    at {short}\n    at x (node:internal)"),
        parent=family,
        children=Children(1, 1, 1, 1, (family, Relative(short, short, None))),
        logs=3,
        scheduler=short,
        deduplication_id=short,
        deferred_failure=short,
        fields={words[:300]: shown, "other": shown},
        ineffective=((short, short),),
        state_note=short,
    )


def in_redis(words: str) -> str:
    """Names and ids are bytes in Redis: half a pair of surrogates can come only out of JSON."""
    return re.sub("[\ud800-\udc7f\udd00-\udfff]", "?", words)


def _payload(words: str, *, is_json: bool = False) -> Payload:
    limit = 32 * 1024
    return Payload(words[:limit], len(words), len(words) > limit, None, is_json)
