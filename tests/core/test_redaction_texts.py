"""In texts nothing stays of what stands behind a hidden key, however it was written there; and not for long."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.model import QueueId
from core.redaction.kin import NOT_THERE, Kin
from core.redaction.redaction import HIDDEN, Rule, redaction

MAIL = QueueId("default", "bull", "mail")
SECRET = "SEKRET"
OURS = redaction((Rule(keys=("*token*", "credentials", "authorization"), paths=(("card", "number"),)),), MAIL)
# A busy machine is no fault of what is tested.
UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
# What one could trip over: quotes, brackets and escapes of every kind.
ODD = st.text("ab \\\"'`{}[],:=>&;()|é", max_size=6)
HIDDEN_KEYS = st.sampled_from(["apiToken", "credentials", "Authorization"])
ISSUED = st.tuples(ODD, ODD).map(SECRET.join)


def nested(leaves: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ODD, inner, max_size=3),
        max_leaves=6,
    )


# Secrets that lie as deep as they like, but each behind a key that is hidden.
KEPT = nested(st.dictionaries(HIDDEN_KEYS, nested(ISSUED | st.integers()), min_size=1, max_size=2))


def within(value: Any, times: int) -> str:
    """As JSON, as a text within JSON, as a text within a text within JSON …"""
    written = json.dumps(value)
    for _ in range(times):
        written = json.dumps({"body": written, "n": 1})
    return written


@UNHURRIED
@given(KEPT, st.integers(0, 4), st.integers(0, 400))
def test_a_message_that_quotes_json_says_nothing_of_it_wherever_it_is_cut(value: Any, times: int, cut: int) -> None:
    written = within(value, times)
    for said in (written, f"refused: {written}", f"refused: {written[: len(written) - cut]}"):
        assert SECRET.encode() not in OURS.of_text(said.encode())


@UNHURRIED
@given(KEPT, st.sampled_from([": ", " => ", "=", "=>"]))
def test_nor_one_that_quotes_it_as_other_languages_write_it(value: Any, sign: str) -> None:
    said = f"refused: {value!r}".replace("': ", f"'{sign}")

    assert SECRET.encode() not in OURS.of_text(said.encode())


@UNHURRIED
@given(HIDDEN_KEYS, st.sampled_from(["=", ": ", " => ", ":", " := ", ":\n  "]), ODD.filter(str.strip), ODD)
def test_without_quotes_all_of_the_line_goes_with_it(key: str, sign: str, before: str, behind: str) -> None:
    if before.lstrip()[0] in "\"'`[{\\":
        before = f"x{before}"
    said = f"first\n{key}{sign}{before.lstrip()}{SECRET} {behind}"
    shown = OURS.of_text(said.encode())

    assert SECRET.encode() not in shown
    assert shown.startswith(b"first\n")


@pytest.mark.parametrize("scheme", ["Token", "Bearer", "Digest username=x,", "ApiKey", "Negotiate"])
def test_a_header_loses_more_than_its_scheme(scheme: str) -> None:
    said = f"headers:\n  Authorization: {scheme} {SECRET}\n  Accept: */*"

    assert OURS.of_text(said.encode()) == f"headers:\n  Authorization: {HIDDEN}\n  Accept: */*".encode()


@UNHURRIED
@given(KEPT, st.integers(0, 12))
def test_json_within_json_is_looked_through_as_json(value: Any, times: int) -> None:
    clean = OURS.of_json(within(value, times).encode())
    assert SECRET.encode() not in clean
    found: Any = json.loads(clean)
    for _ in range(min(times, 8)):
        assert found["n"] == 1
        found = json.loads(found["body"])


def test_in_json_within_json_a_path_hides_wherever_it_begins() -> None:
    card = json.dumps({"deep": {"number": SECRET, "to": "ada"}})
    (clean,) = json.loads(OURS.of_json(json.dumps([card]).encode()))

    assert json.loads(clean) == {"deep": {"number": HIDDEN, "to": "ada"}}


@UNHURRIED
@given(st.lists(st.tuples(st.sampled_from(["a", "apiToken"]), st.integers(0, 9)), max_size=6))
def test_a_key_that_stands_twice_is_looked_at_twice(pairs: list[tuple[str, int]]) -> None:
    inner = ",".join(f'"{key}":"{SECRET}{value}"' if key != "a" else f'"a":{value}' for key, value in pairs)
    said = f'{{"x":{{{inner}}},"x":1}}'
    clean = OURS.of_json(said.encode()).decode()

    assert SECRET not in clean
    assert clean == said or HIDDEN in clean
    # The others are there as they were written, both of them.
    assert clean.count('"a":') == inner.count('"a":')
    assert clean.count('"x":') == 2


@pytest.mark.parametrize("raw", [KEPT.map(json.dumps)])
@UNHURRIED
@given(st.data())
def test_what_was_cleaned_once_stays_as_it_is(raw: st.SearchStrategy[str], data: st.DataObject) -> None:
    once = OURS.of_text(f"refused: {data.draw(raw)}".encode())

    assert OURS.of_text(once) == once


@pytest.mark.parametrize(
    "said",
    [
        *(b"token=" + opening for opening in (b"{", b"[", b"'", b'"', b'\\"', b"`", b"x\n", b"[{", b"{'", b"\n")),
        *(b"{}[]", b"\\", b"\\'", b"token", b"token =", b"token\\", b'{"token":"\\\\'),
        *(b"child ", b"child a:", b"child a:b:", b"child a:b:c failed", b"parent job :: ", b"child :: failed\n"),
    ],
)
@pytest.mark.parametrize("first", [b"", b"token={", b'{"token":"'])
def test_a_megabyte_of_the_worst_is_looked_through_at_once(first: bytes, said: bytes) -> None:
    """What grew with the square would take hours: the test would not end."""
    OURS.of_text(first + said * (1_000_000 // len(said)))
    Kin(lambda _: True, lambda _: None).of_text(first + said * (1_000_000 // len(said)))


NAMES = st.text("ab '\"`é.-", min_size=1, max_size=8).filter(lambda name: ". " not in name and name[-1] != ".")


@UNHURRIED
@given(NAMES, NAMES, st.sampled_from(["child {} failed", "Missing key for parent job {}. addJob"]))
def test_a_relative_is_not_named_whatever_it_is_called(queue: str, id: str, said: str) -> None:
    key = f"bull:{queue}:{id}"
    hidden, seen = Kin(lambda _: False, lambda _: MAIL), Kin(lambda _: True, lambda _: MAIL)
    for wrapped in ("{}", "Error: {}\n    at x", '["{}"]'):
        written = wrapped.format(said.format(key)).encode()
        assert seen.of_text(written) == written
        assert hidden.of_text(written) == wrapped.format(said.format(NOT_THERE)).encode()
