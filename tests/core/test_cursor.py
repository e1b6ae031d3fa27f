"""Cursors: they come back as they went out, and any other text is refused in words."""

from __future__ import annotations

import base64
import json

import pytest
import redis as redis_py
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from core.dialects.contract import CONTRACTS
from core.errors import Invalid
from core.instance import Instance
from core.jobs.cursor import Cursor, decode
from core.jobs.listing import Order, Sought, list_ids
from core.model import Dialect, State
from tests.core import layout

NOTIONS = CONTRACTS[Dialect.MQ5]
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.text(max_size=3), inner, max_size=5),
    max_leaves=8,
)
numbers = st.integers() | st.floats() | st.sampled_from([10**30, -1, True, None, "", "nan", "inf", "1_0", " 1", "٣"])
quick = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def packed(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@given(
    st.lists(st.binary(max_size=40), max_size=12),
    st.lists(st.binary(max_size=40), max_size=12),
    st.floats(0, 2**53).map(lambda score: b"%r" % score),
    st.integers(0, 2**40),
    st.binary(max_size=40),
)
def test_a_cursor_comes_back_as_it_went_out(
    anchors: list[bytes], following: list[bytes], score: bytes, index: int, edge: bytes
) -> None:
    cursor = Cursor(State.WAITING, "oldest", tuple(anchors), tuple(following), score, index, edge)
    text = cursor.encode()
    assert decode(text, State.WAITING, "oldest") == cursor
    assert text.isascii()
    assert not set(text) & set("+/=& ")


def test_a_cursor_of_another_state_or_order_is_refused() -> None:
    text = Cursor(State.FAILED, "oldest", (b"1",), (), b"1").encode()
    for state, order in ((State.FAILED, "newest"), (State.COMPLETED, "oldest")):
        with pytest.raises(Invalid):
            decode(text, state, order)


async def _page(instance: Instance, state: State, order: Order, text: str) -> None:
    try:
        cursor = decode(text, state, order)
    except Invalid:
        return
    await list_ids(instance, b"bull:mail:", NOTIONS, Sought(state, order, 2, cursor))


@quick
@given(st.text(max_size=60), st.sampled_from(State), st.sampled_from(["newest", "oldest"]))
@example("é", State.FAILED, "newest")
@example("====", State.FAILED, "newest")
@example("\ud800", State.FAILED, "newest")
async def test_any_text_is_a_page_or_a_refusal(instance: Instance, text: str, state: State, order: Order) -> None:
    if state in NOTIONS.keys:
        await _page(instance, state, order, text)


@quick
@given(json_values, st.sampled_from(["newest", "oldest"]))
async def test_any_json_in_a_cursor_is_a_page_or_a_refusal(instance: Instance, value: object, order: Order) -> None:
    await _page(instance, State.FAILED, order, packed(value))


@quick
@given(
    state=st.sampled_from([State.FAILED, State.WAITING]),
    order=st.sampled_from(["newest", "oldest"]),
    anchors=json_values | st.lists(st.text(max_size=4), max_size=3),
    following=json_values | st.lists(st.text(max_size=4), max_size=3),
    score=numbers | st.text(max_size=4),
    index=numbers,
    edge=numbers | st.text(max_size=4),
)
async def test_a_forged_cursor_is_a_page_or_a_refusal(
    instance: Instance, redis: redis_py.Redis, **parts: object
) -> None:
    base = layout.queue(redis)
    layout.waiting(redis, base, "1", "2", "3")
    layout.failed(redis, base, "4", "5", "6")
    state, order = parts["state"], parts["order"]
    forged = packed([state, order, parts["anchors"], *(parts[n] for n in ("following", "score", "index", "edge"))])
    await _page(instance, state, order, forged)  # type: ignore[arg-type] # hypothesis gives what the strategies say
