"""Bytes as text and back, JSON that is JSON to everybody, numbers as Redis keeps them."""

from __future__ import annotations

import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.job import percent_of
from core.text import integer, json_or_none, printable, raw_bytes, text

REORDERING = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c"


@given(st.binary())
def test_any_bytes_survive_being_text(raw: bytes) -> None:
    assert raw_bytes(text(raw)) == raw


@given(st.binary())
def test_what_is_printable_can_be_sent_as_utf8(raw: bytes) -> None:
    printable(text(raw)).encode()


def test_every_control_character_but_white_space_becomes_visible() -> None:
    for code in {*range(0x20), *range(0x7F, 0xA0)} - set(b"\t\n\r"):
        shown = printable(f"a{chr(code)}b")
        assert chr(code) not in shown
        assert len(shown) == 3


@pytest.mark.parametrize("mark", REORDERING)
def test_a_name_cannot_reorder_the_text_around_it(mark: str) -> None:
    assert mark not in printable(f"invoice{mark}fdp.exe")


@pytest.mark.parametrize("name", ["mail", "größe", "数据", "👨‍👩‍👧", "a\u00a0b", "tab\tnewline\n"])
def test_ordinary_text_in_any_script_is_left_as_it_is(name: str) -> None:
    assert printable(name) == name


@pytest.mark.parametrize(("raw", "number"), [(b"12", 12), (b"12.0", 12), (b"7.35e15", 7350000000000000), (b"-3", -3)])
def test_a_number_is_read_as_redis_or_lua_wrote_it(raw: bytes, number: int) -> None:
    assert integer(raw) == number


@pytest.mark.parametrize("raw", [None, b"", b"soon", b"nan", b"inf", b"1e999", b"\xff", b"0x10", b"9" * 5000])
def test_what_is_no_number_is_not_known(raw: bytes | None) -> None:
    assert integer(raw) is None


def test_a_score_beyond_a_doubles_exactness_is_read_digit_by_digit() -> None:
    assert integer(b"7353571448070144") == 7353571448070144
    assert integer(b"9007199254740993") == 9007199254740993


def test_huge_integers_in_json_stay_exact() -> None:
    assert json_or_none(b'{"id":9007199254740993123456789}') == {"id": 9007199254740993123456789}


@pytest.mark.parametrize("raw", [b"NaN", b"Infinity", b"-Infinity", b"1e999", b'{"a":NaN}', b"[1e400]"])
def test_numbers_that_json_cannot_carry_on_are_not_taken_for_values(raw: bytes) -> None:
    value = json_or_none(raw)
    json.dumps(value, allow_nan=False)


@pytest.mark.parametrize("raw", [b"", b"{", b"'a'", b"\xff", b"9" * 5000, b"[" * 100_000])
def test_what_is_not_json_is_none(raw: bytes) -> None:
    assert json_or_none(raw) is None


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=20))
def test_any_json_value_comes_back(value: object) -> None:
    assert json_or_none(json.dumps(value).encode()) == value


@pytest.mark.parametrize(
    ("progress", "percent"),
    [
        (33.33, 33.33),
        (0, 0),
        (250, 100),
        (-5, 0),
        ({"percent": 40}, 40),
        ({"percentage": 41.5}, 41.5),
        ({"progress": 42}, 42),
        ({"step": 2}, None),
        ("half", None),
        (True, None),
        (None, None),
        ([50], None),
        ({"percent": {"of": 100}}, None),
        (10**400, 100),
        (-(10**400), 0),
    ],
    ids=lambda value: str(value)[:20],
)
def test_progress_says_a_percentage_where_it_has_one(progress: object, percent: float | None) -> None:
    assert percent_of(progress) == percent


def test_progress_nested_deeper_than_python_likes_is_no_json() -> None:
    depth = sys.getrecursionlimit() * 2
    assert json_or_none(b"[" * depth + b"]" * depth) is None
