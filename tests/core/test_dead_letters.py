"""What is read out of a dead letter's data, in whatever shape, and how the settings say where it stands."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.dead_letters.letter import Mark, mark_of
from core.dead_letters.mapping import mapped
from core.dead_letters.parts import written_at
from core.dead_letters.recognise import Source, instant, recognise, stripped
from core.errors import Invalid
from core.model import QueueId
from core.settings import load

ANYTHING: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
WORDS = ("originalJob", "originalQueue", "error", "jobName", "data", "jobData", "attempts", "failedAt", "opts")


@pytest.mark.parametrize(
    ("own_name", "data", "known"),
    [
        ("failed-email", {"originalJob": {"to": 1}, "error": "x", "attempts": 3}, (None, None, 3, None)),
        ("dead", {"originalJob": {"id": 7, "name": "n", "data": {}}, "error": "x"}, (None, "n", None, "7")),
        ("x", {"originalQueue": "q", "jobName": "n", "jobData": {}, "error": "x"}, ("q", "n", None, None)),
        (
            "x",
            {"originalQueue": "q", "originalJobId": "7", "data": {}, "error": {"message": "x"}},
            ("q", None, None, "7"),
        ),
        ("n", {"originalQueue": "q", "originalData": {}, "originalName": "n", "error": "x"}, ("q", "n", None, None)),
    ],
)
def test_each_shape_says_what_it_says(own_name: str, data: dict[str, Any], known: tuple[Any, ...]) -> None:
    told = recognise(own_name, data, None)
    assert told is not None
    name = told.name.text if told.name and told.name.source is Source.RECORDED else None
    assert (told.queue and told.queue.text, name, told.attempts, told.original_id) == known
    assert told.error == "x"


def test_data_that_have_fields_of_a_job_and_others_are_data() -> None:
    told = recognise("x", {"originalJob": {"id": 1, "data": {}, "amount": 3}, "error": "x"}, None)
    assert told is not None
    assert told.data == ("originalJob",)


@pytest.mark.parametrize(
    "data", [None, 5, "text", [], {}, {"to": "ada"}, {"data": 1, "queue": "q"}, {"job": "painter", "error": "none"}]
)
def test_an_ordinary_job_is_no_dead_letter(data: Any) -> None:
    assert recognise("send", data, None) is None


@given(ANYTHING | st.dictionaries(st.sampled_from(WORDS), ANYTHING, max_size=6))
def test_nothing_that_somebody_wrote_breaks_it(data: Any) -> None:
    told = recognise("failed-x", data, None)
    if told is not None:
        assert written_at(json.dumps(data), told.data) is not None


NUMBERS = st.sampled_from(["1.10", "1e2", "12345678901234567890123", "-0", "0.0"])


@given(ANYTHING, NUMBERS, st.text(max_size=8), st.sampled_from(["", " ", "\n  "]))
def test_a_part_of_a_text_comes_out_as_it_was_written(value: Any, number: str, name: str, space: str) -> None:
    first = json.dumps(value) if _is_finite(value) else "1"
    inner = f'{{{space}"first":{first},{json.dumps(name)}:{space}{number}}}'
    assert written_at(f'{{"a":[{{}}],{space}"b":{inner}{space}}}', ("b", name)) == number
    assert written_at(f'{{"b":{inner}}}', ("b",)) == inner
    assert written_at(inner, (name, "deeper")) is None


def _is_finite(value: Any) -> bool:
    try:
        json.dumps(value, allow_nan=False)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("broken", ["", "{", '{"a"', '{"a":', "[1]", "nonsense", '{"a": oops}'])
def test_what_is_no_json_has_no_parts(broken: str) -> None:
    assert written_at(broken, ("a",)) is None


def test_of_a_name_that_stands_twice_the_last_one_counts() -> None:
    assert written_at('{"a":1,"a":2}', ("a",)) == "2"


@pytest.mark.parametrize(
    ("name", "left"),
    [
        ("failed-email", "email"),
        ("email-failed", "email"),
        ("dlq:sms", "sms"),
        ("mail-dead-letter", "mail"),
        ("send", "send"),
    ],
)
def test_what_says_that_it_failed_is_taken_off_a_name(name: str, left: str) -> None:
    assert stripped(name) == left


@pytest.mark.parametrize(
    ("said", "at"),
    [
        (1_763_000_000_000, 1_763_000_000_000),
        (1_763_000_000, 1_763_000_000_000),
        ("2025-11-13T02:13:20.000Z", 1_763_000_000_000),
        ("2025-11-13T02:13:20", 1_763_000_000_000),
        ("yesterday", None),
        (True, None),
        (3, None),
        (10**30, None),
        ("9999-12-31T23:59:59+14:00", 253402250399000),
    ],
)
def test_instants_are_read_as_applications_write_them(said: Any, at: int | None) -> None:
    assert instant(said) == at


@given(st.binary(max_size=80))
def test_a_mark_is_ours_or_none(raw: bytes) -> None:
    found = mark_of(raw)
    assert found is None or found.encode()


def test_a_mark_comes_back_as_it_was_written() -> None:
    mark = Mark("default", "{bull}", "mäil", "sent-back-1", 17, 2, True)
    assert mark_of(mark.encode().encode()) == mark


TABLES = """
[[dead_letter]]
queue = "*-dead"
original_queue = "meta.from"
job_name = "meta.kind"
job_data = "body"
error = "why.text"

[[dead_letter]]
queue = "graveyard"
to = "email"
name = "send"
"""


def settings(tmp_path: Path, text: str) -> Any:
    file = tmp_path / "tickbird.toml"
    file.write_text(text)
    return load(file, {}, {})


def test_the_settings_say_where_it_stands(tmp_path: Path) -> None:
    found = settings(tmp_path, TABLES)
    assert found.dead_letter == ("*-dead", "graveyard")
    table = mapped(found.dead_letters, QueueId("default", "bull", "sms-dead"))
    data = {"meta": {"from": "sms", "kind": "send"}, "body": {"n": 1}, "why": {"text": "boom"}}
    told = recognise("x", data, table)
    assert told is not None
    assert (told.queue and told.queue.text, told.name and told.name.text, told.error) == ("sms", "send", "boom")
    assert told.data == ("body",)
    assert "[[dead_letter]] of *-dead" in told.how
    assert recognise("x", {"other": 1}, table) is None


def test_a_queue_and_a_name_for_all_come_from_the_settings(tmp_path: Path) -> None:
    table = mapped(settings(tmp_path, TABLES).dead_letters, QueueId("default", "bull", "graveyard"))
    told = recognise("x", {"originalJob": {}, "error": "boom"}, table)
    assert told is not None
    assert told.queue is not None
    assert (told.queue.text, told.queue.source) == ("email", Source.SETTING)
    assert told.name is not None
    assert told.name.text == "send"


def test_a_list_of_patterns_is_as_good_as_ever(tmp_path: Path) -> None:
    found = settings(tmp_path, 'dead_letter = ["*-dead"]')
    assert (found.dead_letter, found.dead_letters) == (("*-dead",), ())
    assert settings(tmp_path, "dead_letter = []").dead_letter == ()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("dead_letter = 5", "list of texts"),
        ("[[dead_letter]]\nto = 'x'", "needs queue"),
        ("[[dead_letter]]\nqueue = 'x'\nerorr = 'y'", "unknown setting 'erorr'"),
        ("[[dead_letter]]\nqueue = 3", "must be a text"),
    ],
)
def test_a_table_that_makes_no_sense_says_why(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(Invalid, match=why):
        settings(tmp_path, text)
