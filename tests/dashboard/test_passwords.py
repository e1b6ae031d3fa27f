from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Invalid
from dashboard.passwords import check_hash, hash_password, verify
from tests.dashboard.served import cheap_hash


def test_a_password_matches_its_own_hash_and_no_other() -> None:
    hashed = hash_password("correct horse")

    assert verify("correct horse", hashed)
    assert not verify("correct horsf", hashed)
    assert not verify("", hashed)


def test_a_hash_says_how_it_was_made_and_is_salted() -> None:
    first, second = hash_password("same"), hash_password("same")

    assert first.startswith("scrypt$ln=15,r=8,p=1$")
    assert first != second
    assert "same" not in first


def test_a_hash_made_with_other_parameters_still_says_enough_to_be_checked() -> None:
    assert verify("secret", cheap_hash("secret"))
    assert not verify("Secret", cheap_hash("secret"))


def test_an_accent_typed_as_two_characters_is_the_same_password() -> None:
    assert verify("cafe\u0301", hash_password("caf\u00e9"))


@settings(max_examples=5, deadline=None)
@given(st.binary(min_size=1))
def test_any_bytes_can_be_a_password(raw: bytes) -> None:
    password = raw.decode("utf-8", "surrogateescape")

    assert verify(password, hash_password(password))


def test_an_empty_password_is_refused() -> None:
    with pytest.raises(Invalid, match="protects nothing"):
        hash_password("")


@pytest.mark.parametrize(
    "hashed",
    [
        "",
        "secret",
        "scrypt=15,r=8,p=1/AAAA",
        f"scrypt$ln=15,r=8,p=1$short${'b' * 43}",
        f"scrypt$ln=40,r=8,p=1${'a' * 22}${'b' * 43}",
        f"scrypt$ln=0,r=8,p=1${'a' * 22}${'b' * 43}",
        f"scrypt$ln=15,r=99,p=1${'a' * 22}${'b' * 43}",
        f"scrypt$ln=15,r=8,p=1${'a' * 22}${'b' * 45}",
    ],
)
def test_what_is_no_hash_is_refused_without_being_repeated(hashed: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_hash(hashed)

    assert not hashed or hashed not in str(refused.value)


def test_a_hash_eaten_by_a_shell_is_refused_with_what_to_do() -> None:
    with pytest.raises(Invalid, match="eat its \\$ signs"):
        check_hash("scrypt=15,r=8,p=1")
