from __future__ import annotations

import sys

import argon2
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from core.access.accounts import Grant, User
from core.errors import Invalid
from core.settings import Settings
from dashboard.auth import check_bind
from dashboard.passwords import check_hash, hash_password, verify
from tests.dashboard.served import cheap_hash
from tickbird.commands import tickbird


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


ARGON2 = "$argon2id$v=19$m={m},t={t},p={p}${salt}${hash}"


def by_argon2(m: object = 64, t: object = 1, p: object = 1, salt: str = "a" * 22, hash: str = "b" * 43) -> str:
    return ARGON2.format(m=m, t=t, p=p, salt=salt, hash=hash)


def test_a_hash_by_argon2_is_as_good() -> None:
    hashed = hash_password("caf\u00e9", by_argon2=True)

    assert hashed.startswith("$argon2id$v=19$m=32768,t=3,p=1$")
    check_hash(hashed)
    assert verify("cafe\u0301", hashed)
    assert not verify("cafe", hashed)
    assert not verify("", hashed)


def test_a_hash_that_another_program_made_by_argon2_is_taken() -> None:
    made = argon2.PasswordHasher(time_cost=1, memory_cost=64, parallelism=4, hash_len=20, salt_len=8).hash("secret")

    check_hash(made)
    assert verify("secret", made)
    assert not verify("Secret", made)


@pytest.mark.parametrize(
    ("hashed", "why"),
    [
        (by_argon2(m=262_145), "256 MiB"),
        (by_argon2(m=4_294_967_295), "256 MiB"),
        (by_argon2(m=65_536, t=17), "1 GiB in all"),
        (by_argon2(t=4_294_967_295), "1 GiB in all"),
        (by_argon2(t=0), "for nothing"),
        (by_argon2(m=1024, p=17), "16 lanes"),
        (by_argon2(p=0), "for nothing"),
        (by_argon2(m=7), "for nothing"),
        (by_argon2(m=99_999_999_999), "not whole"),
        (by_argon2().replace("argon2id", "argon2i"), "of the kind"),
        (by_argon2().replace("v=19", "v=16"), "of the kind"),
        (by_argon2(salt="a"), "not whole"),
        (by_argon2(hash=""), "not whole"),
        (by_argon2(hash="b" * 4000), "not whole"),
        ("$argon2id", "not whole"),
        ("$argon2id=19,t=3,p=4/AAAA", "eat its \\$ signs"),
    ],
)
def test_a_hash_by_argon2_that_asks_too_much_or_is_none_is_refused_before_it_is_tried(hashed: str, why: str) -> None:
    with pytest.raises(Invalid, match=why) as refused:
        check_hash(hashed)
    assert len(hashed) < 20 or hashed not in str(refused.value)
    with pytest.raises(Invalid):
        verify("secret", hashed)


def test_without_the_extra_that_is_said_before_anything_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "argon2", None)
    for refused in (
        lambda: check_bind(Settings(user="ada", password_hash=by_argon2())),
        lambda: check_bind(Settings(users=(User("ada", Grant(), by_argon2()),))),
        lambda: hash_password("secret", by_argon2=True),
    ):
        with pytest.raises(Invalid, match="needs the extra argon2, which is not installed"):
            refused()
    assert verify("secret", cheap_hash("secret"))


@pytest.mark.parametrize(("options", "begins"), [([], "scrypt$"), (["--argon2"], "$argon2id$")])
def test_the_command_prints_what_the_settings_want(options: list[str], begins: str) -> None:
    answer = CliRunner().invoke(tickbird, ["hash-password", *options], input="secret\nsecret\n")

    assert answer.exit_code == 0
    assert answer.stdout.startswith(begins)
    assert verify("secret", answer.stdout.strip())
    assert "secret" not in answer.output.replace("secret\nsecret", "")


def test_a_hash_eaten_by_a_shell_is_refused_with_what_to_do() -> None:
    with pytest.raises(Invalid, match="eat its \\$ signs"):
        check_hash("scrypt=15,r=8,p=1")
