"""What `tickbird doctor` says of what Tickbird keeps for itself, and of what it does by itself."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence

from core.errors import Unavailable
from core.instance import Instance
from core.model import Queue
from core.retention.forecast import Forecast, forecast
from core.retention.rules import Rule
from core.store.remote import RedisStore
from tickbird.findings import Examined, Finding

_NAME = "state_url"


async def examine_store(state_url: str) -> Examined:
    """Whether it can be reached and written to: a lease is taken and given back."""
    store = RedisStore(state_url)
    probe, holder = f"doctor-{secrets.token_hex(4)}", "doctor"
    try:
        await store.take(probe, holder, 1000)
        await store.release(probe, holder)
        finding = Finding(True, "keeps what Tickbird itself remembers")
    except Unavailable as away:
        advice = "Without it operations go on, but none is resumed after a restart. Its user needs +@all ~tickbird:*."
        finding = Finding(False, away.message, advice)
    finally:
        await store.close()
    return Examined(_NAME, store.address, (finding,), ())


async def retention(
    instance: Instance, queues: Iterable[Queue], rules: Sequence[Rule], *, read_only: bool
) -> tuple[Finding, ...]:
    """What each rule would remove of this instance now."""
    seen, asleep = tuple(queues), " (not while read_only)" if read_only else ""
    return tuple([_told(await forecast(instance, seen, rule), asleep) for rule in rules])


def _told(found: Forecast, asleep: str) -> Finding:
    unseen = f"; {found.unseen:,} more queues match and were not counted" if found.unseen else ""
    what = f"{found.rule.sentence} Now {found.jobs:,} jobs in {found.queues:,} queues{unseen}{asleep}."
    if found.refused:
        return Finding(False, what, f"{found.refused:,} of them are left alone: {found.why}", grave=False)
    return Finding(True, what)
