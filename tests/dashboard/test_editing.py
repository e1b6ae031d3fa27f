"""JSON as people edit it, the differences that they are shown, and the parts of a body as they were written."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from core.text import printable
from dashboard.api.written import elements, members, value_of
from dashboard.differences import MOST_COMPARED, MOST_SHOWN, differences
from dashboard.json_edit import checked, compact, editable

TEXTS = st.text() | st.sampled_from(["\u202e", "\x00", "\ud83d", "\\", '"', "\u2028", "\x80", "\udcff"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=20,
)


@given(VALUES, st.booleans(), st.sampled_from([None, 1, 3]))
def test_what_is_edited_means_what_was_written_and_shows_on_any_screen(
    value: object, escapes: bool, indent: int | None
) -> None:
    written = json.dumps(value, ensure_ascii=escapes, indent=indent)
    shown = editable(written)
    assert json.loads(compact(shown)) == value
    assert printable(shown) == shown


@given(VALUES)
def test_compacting_keeps_every_part_as_it_is_written(value: object) -> None:
    assert compact(json.dumps(value, indent=2, ensure_ascii=False)) == json.dumps(
        value, separators=(",", ":"), ensure_ascii=False
    )


@given(st.dictionaries(TEXTS, VALUES, max_size=6), st.sampled_from([None, 2]))
def test_the_members_of_an_object_are_given_as_they_are_written(value: dict[str, object], indent: int | None) -> None:
    written = json.dumps(value, indent=indent)
    assert value_of(written) == value
    assert {name: json.loads(text) for name, text in members(written).items()} == value


@given(st.lists(VALUES, max_size=6), st.sampled_from([None, 2]))
def test_the_elements_of_an_array_are_given_as_they_are_written(value: list[object], indent: int | None) -> None:
    assert [json.loads(text) for text in elements(json.dumps(value, indent=indent))] == value


@pytest.mark.parametrize("text", ["", "{", "{'a': 1}", "[1,]", "NaN", '{"a": Infinity}', "[" * 100_000])
def test_what_is_no_json_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        checked(text)
    with pytest.raises(Invalid):
        value_of(text)


def test_nothing_changes_between_the_same() -> None:
    assert differences("a\nb", "a\nb") == []


def test_a_change_is_shown_between_the_lines_around_it() -> None:
    before = "\n".join(map(str, range(20)))
    found = differences(before, before.replace("\n10\n", "\nten\n"))
    assert [(line.kind, line.text) for line in found] == [
        *(("same", str(number)) for number in (7, 8, 9)),
        *(("gone", "10"), ("new", "ten")),
        *(("same", str(number)) for number in (11, 12, 13)),
    ]


def test_lines_between_two_changes_are_left_out_with_their_number() -> None:
    before = "\n".join(map(str, range(30)))
    after = before.replace("0\n1\n", "0\none\n").replace("\n28\n", "\ntwenty-eight\n")
    assert "20 lines as they were" in [line.text for line in differences(before, after)]


def test_of_many_changes_the_first_are_shown_and_the_others_counted() -> None:
    many = range(MOST_COMPARED + 1)
    found = differences("\n".join(map(str, many)), "\n".join(f"x{number}" for number in many))
    assert len(found) == MOST_SHOWN + 1
    assert found[-1].text == f"{2 * len(many) - MOST_SHOWN:,} more lines that change"
