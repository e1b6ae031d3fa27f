"""Any two names that Redis can hold are two series, and every label is something a scraper can read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.text import text
from exporter.labels import LONGEST, label, label_text
from tests.exporter.fixed import unhurried

# Every string that bytes can become, with a preference for those that our own escapes look like.
NAMES = st.one_of(
    st.binary(max_size=40).map(text),
    st.text(max_size=40),
    st.text(alphabet='a\\"\n\r\x00\ufffd[]0DC8…\udc80\udcff\u202e\u2028', max_size=12),
)


@pytest.mark.parametrize(
    "name", ["mail", "a b/c:d%e~f", 'say "hi"', "c:\\queues\\mail", "größe", "キュー", "📬", "{x}"]
)
def test_a_name_that_can_be_shown_is_its_own_label(name: str) -> None:
    assert label_text(name) == name


def test_what_cannot_be_shown_stands_as_its_code_point() -> None:
    assert label_text("a\x00b") == "a\ufffd[0000]b"
    assert label_text(text(b"a\xffb")) == "a\ufffd[DCFF]b"
    assert label_text("pay\u202eroll") == "pay\ufffd[202E]roll"
    assert label_text("\ufffd") == "\ufffd[FFFD]"


def test_quotes_backslashes_and_line_feeds_are_escaped_as_the_format_says() -> None:
    assert label("queue", 'a"b\\c\nd') == 'queue="a\\"b\\\\c\\nd"'


@unhurried
@given(NAMES, NAMES)
def test_two_names_never_become_one_label(one: str, other: str) -> None:
    assert (label_text(one) == label_text(other)) == (one == other)


@unhurried
@given(NAMES)
def test_an_escaped_name_is_not_some_other_queues_name(name: str) -> None:
    shown = label_text(name)
    assert shown == name or label_text(shown) != shown


@unhurried
@given(NAMES)
def test_a_label_is_always_utf_8(name: str) -> None:
    assert label_text(name).encode().decode() == label_text(name)


def test_a_name_of_ten_megabytes_is_cut_and_still_told_apart() -> None:
    one, other = "x" * 10_000_000 + "1", "x" * 10_000_000 + "2"

    assert label_text(one) != label_text(other)
    assert len(label_text(one)) < LONGEST + 100
    assert label_text(label_text(one)) != label_text(one)
    assert label_text("x" * LONGEST) == "x" * LONGEST
