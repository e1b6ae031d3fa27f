"""What a job is about: a few telling words, never a secret, never long."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.jobs.about import FIELDS, LONGEST_KEY, LONGEST_VALUE, about

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=30,
)


@given(json_values)
def test_any_json_gives_a_few_short_pairs(value: Any) -> None:
    pairs = about(value)
    assert len(pairs) <= FIELDS
    for key, text in pairs:
        assert len(key) <= LONGEST_KEY
        assert len(text) <= LONGEST_VALUE
        assert "\n" not in text


@pytest.mark.parametrize(
    ("data", "pairs"),
    [
        ({"body": "…", "to": "ann@example.com", "orderId": 7}, {"to": "ann@example.com", "orderId": "7"}),
        ({"user": {"id": 3, "plan": "pro"}}, {"user.id": "3"}),
        ({"ok": True}, {"ok": "true"}),
        (True, {"": "true"}),
        (12, {"": "12"}),
        ("text", {"": "text"}),
        ("", {}),
        (None, {}),
        ([1, 2], {}),
        ({}, {}),
        ({"big": "x" * 5000}, {}),
        ({"a": [1], "b": {"c": {"d": 1}}}, {}),
    ],
)
def test_the_telling_fields_come_first(data: Any, pairs: dict[str, str]) -> None:
    assert pairs.items() <= dict(about(data)).items()
    assert pairs or about(data) == ()


@pytest.mark.parametrize(
    "key",
    [
        "password",
        "userPassword",
        "passwd",
        "secret",
        "clientSecret",
        "api_key",
        "apiKey",
        "accessToken",
        "Authorization",
        *("cookie", "credentials", "ssn", "cvv", "passphrase", "privateKey", "private_key", "signature", "jwt", "pin"),
    ],
)
def test_secrets_are_not_shown(key: str) -> None:
    assert about({key: "hunter2"}) == ()
    assert about({"login": {key: "hunter2"}}) == ()
    assert about({key: {"value": "hunter2", "id": 1}}) == ()
