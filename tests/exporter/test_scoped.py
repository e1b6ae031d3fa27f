"""A scrape shows what is there for who asks, and never what was rendered for another."""

from __future__ import annotations

import asyncio
import gzip
import random

import pytest

from core.access.asker import Asker, asker, asking
from core.sight import seen_by
from core.snapshot import Snapshot
from exporter.exposition import Exposition, Scope
from exporter.text import Format
from tests.exporter.fixed import NOW, FixedHerd, queue, reading

ASKERS = (
    Asker("root", "admin"),
    Asker("eve", "viewer", queues=("vid*",)),
    Asker("bob", "viewer", queues=("mail", "nothing")),
    Asker("joe", "viewer", instances=("elsewhere",)),
    Asker("", "nobody", instances=("",)),
)
THEIRS = {"root": {"mail", "video", "far"}, "eve": {"video"}, "bob": {"mail"}, "joe": {"far"}, "": set()}


class ScopedHerd(FixedHerd):
    """Shows each what is there for them, as the real one does."""

    def snapshot(self) -> Snapshot:
        return seen_by(asker().scope, self.shown)


@pytest.fixture
def exposition() -> Exposition:
    herd = ScopedHerd(reading(queue("mail"), queue("video")), reading(queue("far", instance="elsewhere")))
    return Exposition(herd, lambda: NOW)


async def names(exposition: Exposition, who: Asker, form: Format, *, compressed: bool) -> set[str]:
    """The queues that one's scrape tells of."""
    with asking(who):
        body = await exposition.body(form, compressed=compressed, scope=Scope.QUEUES)
    text = (gzip.decompress(body) if compressed else body).decode()
    return {name for name in ("mail", "video", "far") if f'queue="{name}"' in text}


@pytest.mark.parametrize("at_once", [False, True], ids=["one after another", "all at once"])
async def test_a_kept_scrape_shows_nobody_the_queues_of_another(exposition: Exposition, *, at_once: bool) -> None:
    asked = [(who, form, compressed) for who in ASKERS for form in Format for compressed in (False, True)] * 3
    random.Random(7).shuffle(asked)
    if at_once:
        seen = await asyncio.gather(*(names(exposition, who, form, compressed=c) for who, form, c in asked))
    else:
        seen = [await names(exposition, who, form, compressed=c) for who, form, c in asked]
    assert seen == [THEIRS[who.name] for who, _, _ in asked]
