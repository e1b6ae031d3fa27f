"""Settings that make no sense are refused in words, wherever they come from."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from core.errors import Invalid
from core.setting import TABLE
from core.settings import load

# What each table may say, so that values are looked at and not only names.
KEYS = {
    "redis": ("name", "url", "prefixes", "dialects", "read_from", "replica_url", "ca", "certificate", "key"),
    "slo": ("queue", "wait", "run", "failure_ratio"),
    "dead_letter": ("queue", "to", "name", "data", "error", "attempts"),
    "reason": ("name", "match"),
    "retention": ("queues", "state", "older_than", "keep", "limit", "every"),
    "users": ("name", "password_hash", "role", "instances", "queues"),
    "tokens": ("name", "sha256", "expires", "role", "instances", "queues"),
    "roles": ("name", "permissions"),
    "proxy": ("header", "peers", "role", "groups"),
    "redact": ("keys", "paths", "queues"),
    "oidc": ("issuer", "client_id", "client_secret", "role", "roles"),
}
WORDS = (
    *("", "*", "0", "-1", "nan", "1h", "9" * 400, "a:b", "http://[", "redis://[::1", "redis://h:99999", "\x00", "é"),
    *("redis+sentinel://a,b/x", "redis+sentinel://:@:/", "rediss://h?ssl_cert_reqs=x", "unix://", "127.0.0.1/33"),
    *("scrypt$ln=99,r=8,p=1$AA$AA", "scrypt$", "$argon2id$v=19$m=1,t=1,p=1$a$b", "[", "(", "data..", "{", "%"),
)
ODD = st.one_of(
    st.sampled_from(WORDS).map(lambda word: '"' + "".join(f"\\u{ord(c):04x}" for c in word) + '"'),
    st.sampled_from(
        ["true", "0", "-1", "1e308", "nan", "9223372036854775807", "2026-01-01", "[]", "{}", "[[]]", "[1]"]
    ),
    st.sampled_from(['["*"]', '["("]', '[""]', '{ a = "b" }', '{ "*" = "mq5" }', '["edit", 1]']),
)
NAMES = st.sampled_from([setting.name for setting in TABLE])
PLAIN = st.tuples(NAMES, ODD).map(" = ".join)


def _table(name: str) -> st.SearchStrategy[str]:
    said = st.dictionaries(st.sampled_from(KEYS[name]), ODD, max_size=4)
    return st.tuples(st.sampled_from(["[[{}]]", "[{}]"]), said).map(
        lambda table: "\n".join([table[0].format(name), *(f"{key} = {value}" for key, value in table[1].items())])
    )


TABLED = st.sampled_from(sorted(KEYS)).flatmap(_table)
FILES = st.tuples(st.lists(PLAIN, max_size=3), st.lists(TABLED, max_size=3)).map(
    lambda parts: "\n".join([*parts[0], *parts[1]])
)
many = settings(
    max_examples=250,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@many
@given(written=FILES)
@example(written='metrics = 5\n"metrics.access" = "open"')
@example(written="[proxy]\npeers = [5]")
def test_a_file_of_settings_is_read_or_refused(tmp_path: Path, written: str) -> None:
    file = tmp_path / "tickbird.toml"
    file.write_text(written)
    with suppress(Invalid):
        load(file, {}, {})


@pytest.mark.parametrize(
    "raw", [b"\xff\xfe", b"\x00", b"=", b"[[redis", b"a.b=1\na=1", b"[redis]\nurl=1", b"redis = [[1]]"]
)
def test_a_file_that_is_none_is_refused(tmp_path: Path, raw: bytes) -> None:
    file = tmp_path / "tickbird.toml"
    file.write_bytes(raw)
    with pytest.raises(Invalid):
        load(file, {}, {})


@many
@given(st.sampled_from(TABLE), st.sampled_from(WORDS) | st.text(max_size=20))
def test_what_the_environment_says_is_read_or_refused(setting: object, said: str) -> None:
    name = "TICKBIRD_" + str(getattr(setting, "name", "")).upper().replace(".", "_")
    with suppress(Invalid):
        load(None, {name: said}, {})


@many
@given(st.sampled_from(WORDS) | st.text(max_size=30), st.booleans())
def test_a_redis_on_the_command_line_is_read_or_refused(said: str, named: bool) -> None:
    with suppress(Invalid):
        load(None, {}, {"redis": [f"main={said}" if named else said]})
