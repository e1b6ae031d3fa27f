"""How many searches one person may have, so that the next finds room."""

from __future__ import annotations

import pytest
import redis as redis_py

from core.access.asker import Asker, asking
from core.errors import RateLimited
from core.search.search import Wish
from core.search.searches import MOST_KEPT, MOST_OF_ONE
from tests.core import layout
from tests.core.waiting import still
from tickbird.demo.server import EmbeddedServer


async def test_one_person_s_searches_leave_room_for_the_next_and_drop_nobody_else_s(
    server: EmbeddedServer, redis: redis_py.Redis
) -> None:
    base = layout.queue(redis, "bull:mail:")
    for number in range(60):
        layout.waiting(redis, base, str(number), data="{}")
    ada, bob = Asker("ada"), Asker("bob")
    async with still(server.url) as herd:
        with asking(bob):
            kept = herd.searches.start(Wish("what bob looks for"))
        with asking(ada):
            for number in range(MOST_OF_ONE):
                herd.searches.start(Wish(f"n{number}"))
            with pytest.raises(RateLimited, match="'ada'"):
                herd.searches.start(Wish("one more"))
            for number in range(3 * MOST_KEPT):
                for id in list(herd.searches._runs):
                    herd.searches.cancel(id)
                herd.searches.start(Wish(f"m{number}"))
        with asking(bob):
            assert herd.searches.get(kept.id).id == kept.id
            herd.searches.start(Wish("one more of bob's"))
