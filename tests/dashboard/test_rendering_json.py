"""JSON laid out for reading says exactly what the text says."""

from __future__ import annotations

import json
import time

from hypothesis import given
from hypothesis import strategies as st

from dashboard.json_text import MOST_LINES, laid_out

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=30,
)


def shown(text: str) -> str:
    return "".join(token.text for token in laid_out(text))


@given(VALUES)
def test_means_what_it_meant(value: object) -> None:
    assert json.loads(shown(json.dumps(value))) == value
    assert json.loads(shown(json.dumps(value, ensure_ascii=False, indent=3))) == value


@given(st.text(alphabet='{}[]",:\\ a1\n', max_size=60))
def test_no_text_loses_anything_but_space(text: str) -> None:
    assert "".join(shown(text).split()) == "".join(text.split())


def test_numbers_stay_as_they_were_written() -> None:
    text = '{"price": 1.10, "big": 9007199254740993123, "far": 1e400}'
    assert shown(text) == '{"price": 1.10, "big": 9007199254740993123, "far": 1e400}'


def test_what_is_long_is_broken_and_what_is_short_is_not() -> None:
    text = json.dumps({"a": {"b": [1, 2, 3], "c": "x" * 80}})
    assert shown(text) == '{\n  "a": {\n    "b": [1, 2, 3],\n    "c": "' + "x" * 80 + '"\n  }\n}'


def test_keys_are_told_from_texts() -> None:
    assert [(t.kind, t.text) for t in laid_out('{"a":"b"}')] == [
        ("mark", "{"),
        ("key", '"a"'),
        ("mark", ": "),
        ("text", '"b"'),
        ("mark", "}"),
    ]


def test_a_text_that_was_cut_is_laid_out_as_far_as_it_goes() -> None:
    assert shown('{"a":{"b":"' + "x" * 100) == '{\n  "a": {\n    "b": "' + "x" * 100


def test_depth_and_length_cost_no_more_than_they_are_worth() -> None:
    started = time.monotonic()
    for text in ("[" * 32_000, '{"a":' * 6000, '["' * 16_000, "[1," * 10_000, '"' + "\\" * 32_000):
        result = shown(text)
        assert len(result) < 400_000
        assert result.count("\n") <= MOST_LINES + 2
    # What is quadratic takes minutes.
    assert time.monotonic() - started < 30
