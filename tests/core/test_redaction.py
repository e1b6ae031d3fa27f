"""What must not be seen of payloads is taken out before anybody, a limit, or a list sees them."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.access.asker import Asker, asking
from core.instance import Instance
from core.model import QueueId
from core.redaction.fields import cleaned
from core.redaction.redaction import HIDDEN, UNREADABLE, Rule, redaction
from core.redis_settings import RedisSettings

MAIL = QueueId("default", "bull", "mail")
RULES = (Rule(keys=("*token*", "password"), paths=(("user", "card", "number"), ("items", "*", "pin"))),)
OURS = redaction(RULES, MAIL)
# A busy machine is no fault of what is tested.
UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=8))
KEYS = ("a", "user", "card", "Token", "apiTokenX", "PASSWORD", "items")
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.sampled_from(["a", "user", "card", "Token", "apiTokenX", "PASSWORD", "items"]), inner, max_size=4
        ),
    ),
    max_leaves=20,
)


def hidden(value: object) -> bool:
    """Whether nothing stands behind a hidden key any more, at any depth."""
    if isinstance(value, dict):
        return all(
            part == HIDDEN if "token" in key.lower() or key.lower() == "password" else hidden(part)
            for key, part in value.items()
        )
    return all(map(hidden, value)) if isinstance(value, list) else True


@UNHURRIED
@given(VALUES)
def test_no_value_stays_behind_a_hidden_key_at_any_depth_in_any_case(value: object) -> None:
    assert hidden(json.loads(OURS.of_json(json.dumps(value).encode())))


@UNHURRIED
@given(VALUES)
def test_what_needs_no_hiding_stays_as_it_was_written(value: object) -> None:
    written = json.dumps(value, indent=1).encode()

    assert OURS.of_json(written) == written or HIDDEN.encode() in OURS.of_json(written)


def test_paths_begin_at_the_top_and_a_star_is_any_step() -> None:
    data = {"user": {"card": {"number": 4, "kind": "v"}}, "items": [{"pin": 1}, {"pin": 2}], "pin": 3}

    assert json.loads(OURS.of_json(json.dumps(data).encode())) == {
        "user": {"card": {"number": HIDDEN, "kind": "v"}},
        "items": [{"pin": HIDDEN}, {"pin": HIDDEN}],
        "pin": 3,
    }


def test_numbers_beside_a_hidden_value_keep_every_digit() -> None:
    assert OURS.of_json(b'{"id":12345678901234567890,"f":1.50,"password":"x"}') == (
        b'{"id":12345678901234567890,"f":1.50,"password":"[redacted]"}'
    )


@pytest.mark.parametrize("raw", [b"{", b"[" * 100_000, b"\xff", b'{"a":'])
def test_what_cannot_be_read_is_not_shown(raw: bytes) -> None:
    assert OURS.of_json(raw) == UNREADABLE


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (b"GET /?token=abc&x=1\nnext", b"GET /?token=[redacted]\nnext"),
        (b'{"password": "a \\" b", "x": 1}', b'{"password":"[redacted]","x":1}'),
        (b"authToken: Bearer abc.def, next", b"authToken: [redacted]"),
        (b"PASSWORD='two words' y", b"PASSWORD=[redacted] y"),
        (b"number=4111", b"number=[redacted]"),
        (b"no secrets here", b"no secrets here"),
        (rb"body {\"password\":\"hunter2\",\"to\":1}", rb"body {\"password\":[redacted],\"to\":1}"),
        (b'"tokens": ["abc", "def"], x', b'"tokens": [redacted], x'),
        (b'"token": {"value": "abc"}', b'"token": [redacted]'),
        (b'password="never closed', b"password=[redacted]"),
    ],
)
def test_texts_lose_what_stands_behind_a_hidden_key(said: bytes, shown: bytes) -> None:
    assert OURS.of_text(said) == shown


@pytest.mark.parametrize(
    "said", [b"token", b'token="', b"token=", rb"\"token\":\"", b'{"token":{', b"a" * 5 + b".", b"'token'"]
)
def test_no_text_takes_longer_than_its_length_explains(said: bytes) -> None:
    """A megabyte of it is looked through while this test does not hang: what grew with the square took half an hour."""
    assert OURS.of_text(said * (1_000_000 // len(said)))


@pytest.mark.parametrize("name", [b"apiToken", b"password"])
def test_a_field_of_somebodys_own_that_is_called_so_is_hidden(name: bytes) -> None:
    assert cleaned(OURS, name, b"abc") == HIDDEN.encode()
    assert cleaned(OURS, b"tm", b'{"token":"abc","a":1}') == b'{"token":"[redacted]","a":1}'
    assert cleaned(OURS, b"parentKey", b"bull:token=1:2") == b"bull:token=1:2"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("refused: password=hunter2, again", "refused: password=[redacted]"),
        ('{"apiToken":"hunter2","to":"ada"}', '{"apiToken":"[redacted]","to":"ada"}'),
        ("half \ud83d a pair", "half \ud83d a pair"),
        ("password=é漢 und mehr", "password=[redacted]"),
    ],
)
def test_texts_within_json_lose_what_texts_lose(said: str, shown: str) -> None:
    assert json.loads(OURS.of_json(json.dumps({"deep": [said], "n": 1.50}).encode())) == {"deep": [shown], "n": 1.5}


def test_of_a_key_that_stands_twice_neither_is_shown() -> None:
    assert b"hunter2" not in OURS.of_json(b'{"password":"hunter2","password":"[redacted]"}')


def test_queues_are_named_with_or_without_their_prefix() -> None:
    assert redaction((Rule(keys=("a",), queues=("bull:ma*",)),), MAIL).hides


def test_stacks_are_searched_as_they_read() -> None:
    raw = json.dumps(['Error: token="x y"\n    at a', 7]).encode()

    assert json.loads(cleaned(OURS, b"stacktrace", raw)) == ["Error: token=[redacted]\n    at a", 7]


def test_a_rule_may_be_for_some_queues_only() -> None:
    rules = (Rule(keys=("a",), queues=("mail*",)),)

    assert redaction(rules, MAIL).hides
    assert not redaction(rules, QueueId("default", "bull", "push")).hides


def test_only_a_path_that_is_hidden_is_told_to_be() -> None:
    assert OURS.hides_path(("user", "card", "number"))
    assert OURS.hides_path(("x", "myToken", "inner"))
    assert not OURS.hides_path(("user", "card"))


def test_who_reveals_sees_everything() -> None:
    instance = Instance(RedisSettings("default", "redis://localhost"))
    instance.hidden = RULES
    with asking(Asker("ada", reveals=True)):
        assert not instance.redaction(MAIL).hides
    assert instance.redaction(MAIL).hides
