"""Settings: three places, one winner each, every mistake named in words that help."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from core.errors import Invalid
from core.redis_settings import DEFAULT_URL, RedisSettings
from core.setting import TABLE
from core.settings import Settings, load

SECRET = "hunter2"
Written = Callable[[str], Path]


@pytest.fixture
def toml(tmp_path: Path) -> Written:
    """Writes a settings file and gives its path."""

    def write(content: str) -> Path:
        path = tmp_path / "tickbird.toml"
        path.write_text(content)
        return path

    return write


def loaded(file: Path | None = None, environment: Mapping[str, str] | None = None, **flags: Any) -> Settings:
    return load(file, environment or {}, flags)


def test_without_anything_said_one_local_redis_is_watched_from_loopback_only() -> None:
    settings = loaded()
    assert settings.redis == (RedisSettings("default", DEFAULT_URL, ("bull",)),)
    assert (settings.host, settings.port, settings.base_path) == ("127.0.0.1", 3000, "/admin/queues")
    assert not settings.login


def test_a_flag_beats_the_environment_which_beats_the_file(toml: Written) -> None:
    file = toml("port = 1\nhost = 'file'\nbase_path = '/file'\n")
    settings = loaded(file, {"TICKBIRD_PORT": "2", "TICKBIRD_HOST": "environment"}, port=3)
    assert (settings.port, settings.host, settings.base_path) == (3, "environment", "/file")


def test_every_setting_can_be_said_in_the_file_and_in_the_environment(toml: Written) -> None:
    samples = {str: ("text", "'text'"), int: ("7", "7"), bool: ("true", "true"), list: ("a, b", "['a', 'b']")}
    legal = {"base_path": ("/x", "'/x'"), "metrics.access": ("open", "'open'"), "log_format": ("json", "'json'")}
    legal["allow"] = ("edit", "['edit']")
    legal["public_url"] = ("https://x", "'https://x'")
    legal["state_url"] = ("redis://x", "'redis://x'")
    legal["audit.webhook"] = ("https://audit.x/y", "'https://audit.x/y'")
    legal["audit.webhook_secret"] = ("x" * 32, f"'{'x' * 32}'")
    legal["audit.webhook_ca"] = (__file__, f"'{__file__}'")
    legal["oidc.issuer"] = ("https://id.x", "'https://id.x'")
    legal["oidc.groups"] = ("ops=operator", "['ops=operator']")
    legal["oidc.role"] = ("viewer", "'viewer'")
    said = {setting: legal.get(setting.name, samples[setting.kind]) for setting in TABLE}
    environment = {setting.variable: value for setting, (value, _) in said.items()}
    file = toml("\n".join(f"{setting.name} = {literal}" for setting, (_, literal) in said.items()))
    assert loaded(file) == loaded(environment=environment)
    assert loaded(file) != Settings()


@pytest.mark.parametrize(
    ("content", "wrong", "nearest"),
    [
        ("prot = 3000", "prot", "port"),
        ("[metrics]\nacces = 'open'", "metrics.acces", "metrics.access"),
        ("readonly = true", "readonly", "read_only"),
        ("[[redis]]\nurll = 'redis://x'", "urll", "url"),
    ],
)
def test_an_unknown_key_names_the_nearest_known_one(toml: Written, content: str, wrong: str, nearest: str) -> None:
    with pytest.raises(Invalid) as refused:
        loaded(toml(content))
    assert wrong in refused.value.message
    assert f"'{nearest}'" in refused.value.hint


def test_an_unknown_variable_names_the_nearest_known_one() -> None:
    with pytest.raises(Invalid, match=r"TICKBIRD_BASEPATH.*TICKBIRD_BASE_PATH"):
        loaded(environment={"TICKBIRD_BASEPATH": "/x"})
    with pytest.raises(Invalid, match=r"TICKBIRD_REDIS_URI.*TICKBIRD_REDIS_URL"):
        loaded(environment={"TICKBIRD_REDIS_URI": "redis://x"})


def test_variables_that_are_not_ours_are_left_alone() -> None:
    assert loaded(environment={"PORT": "9", "HOST": "x", "TICKBIRDS": "two", "REDIS_URL": "redis://x"}) == Settings()


@pytest.mark.parametrize(
    "content",
    [
        "port = 'three thousand'",
        "port = true",
        "port = 3.5",
        "port = -1",
        "port = 65536",
        "read_only = 'yes'",
        "hosts = 'one'",
        "hosts = [1]",
        "base_path = '/a/../b'",
        "base_path = '/with space'",
        "base_path = '/'",
        "metrics = {access = 'everybody'}",
        "log_format = 'xml'",
        "user = 'operator'",
        "redis = 'redis://x'",
        "redis = {url = 'redis://x'}",
        "[[redis]]\nprefixes = []",
        "[[redis]]\nprefixes = ['']",
        "[[redis]]\nprefixes = 'bull'",
        "[[redis]]\nurl = 6379",
        "[[redis]]\nname = 7",
        "[[redis]]\nname = ''",
        "[[redis]]\nname = 'a'\n[[redis]]\nname = 'a'",
        "[[redis]]\n[[redis]]",
        "port = ",
    ],
)
def test_a_value_that_makes_no_sense_is_refused(toml: Written, content: str) -> None:
    with pytest.raises(Invalid):
        loaded(toml(content))


@pytest.mark.parametrize(
    ("variable", "value", "named"),
    [
        ("TICKBIRD_PORT", "three", "TICKBIRD_PORT"),
        ("TICKBIRD_READ_ONLY", "maybe", "TICKBIRD_READ_ONLY"),
        ("TICKBIRD_EXPORTER_PORT", "99999999", "exporter.port"),
        ("TICKBIRD_REDIS_URL", "localhost:6379", "default"),
        ("TICKBIRD_REDIS_URL_FILE", "/nowhere/at/all", "TICKBIRD_REDIS_URL_FILE"),
        ("TICKBIRD_PASSWORD_HASH_FILE", "/nowhere/at/all", "TICKBIRD_PASSWORD_HASH_FILE"),
    ],
)
def test_a_variable_that_makes_no_sense_is_refused_by_name(variable: str, value: str, named: str) -> None:
    with pytest.raises(Invalid, match=named):
        loaded(environment={variable: value})


def test_a_settings_file_that_is_not_there_or_not_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="cannot be read"):
        loaded(tmp_path / "none.toml")
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe")
    with pytest.raises(Invalid, match="not valid TOML"):
        loaded(binary)


def test_a_secret_may_lie_in_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "hash"
    secret.write_text("$scrypt$abc\n")
    settings = loaded(environment={"TICKBIRD_USER": "operator", "TICKBIRD_PASSWORD_HASH_FILE": str(secret)})
    assert settings.password_hash == "$scrypt$abc"
    assert settings.login


def test_a_redis_url_may_lie_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "url"
    file.write_text(f"redis://:{SECRET}@redis.internal:6379/0\n")
    (instance,) = loaded(environment={"TICKBIRD_REDIS_URL_FILE": str(file)}).redis
    assert instance.url == f"redis://:{SECRET}@redis.internal:6379/0"


def test_saying_a_thing_both_in_a_variable_and_in_a_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("from the file")
    for name, value in (("METRICS_TOKEN", "t"), ("REDIS_URL", "redis://x")):
        with pytest.raises(Invalid, match=f"TICKBIRD_{name}"):
            loaded(environment={f"TICKBIRD_{name}": value, f"TICKBIRD_{name}_FILE": str(file)})


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("TICKBIRD_PORT", "tcp://10.0.0.1:3000"),
        ("TICKBIRD_SERVICE_HOST", "10.0.0.1"),
        ("TICKBIRD_SERVICE_PORT", "3000"),
        ("TICKBIRD_SERVICE_PORT_HTTP", "3000"),
        ("TICKBIRD_PORT_3000_TCP", "tcp://10.0.0.1:3000"),
        ("TICKBIRD_PORT_3000_TCP_ADDR", "10.0.0.1"),
        ("TICKBIRD_PORT_3000_TCP_PORT", "3000"),
        ("TICKBIRD_PORT_3000_TCP_PROTO", "tcp"),
        ("TICKBIRD_EXPORTER_PORT", "tcp://10.0.0.1:9809"),
        ("TICKBIRD_EXPORTER_SERVICE_HOST", "10.0.0.1"),
        ("TICKBIRD_EXPORTER_PORT_9809_TCP", "tcp://10.0.0.1:9809"),
        ("TICKBIRD_REDIS_PORT", "tcp://10.0.0.1:6379"),
        ("TICKBIRD_REDIS_MASTER_SERVICE_PORT_TCP_REDIS", "6379"),
    ],
)
def test_what_kubernetes_writes_for_a_service_is_nobodys_setting(variable: str, value: str) -> None:
    assert loaded(environment={variable: value}) == Settings()


def test_nothing_secret_is_shown(toml: Written) -> None:
    settings = loaded(
        toml(f"[[redis]]\nurl = 'redis://:{SECRET}@x'\n"),
        {
            "TICKBIRD_USER": "operator",
            "TICKBIRD_PASSWORD_HASH": SECRET,
            "TICKBIRD_METRICS_TOKEN": SECRET,
            "TICKBIRD_STATE_URL": f"redis://:{SECRET}@x",
            "TICKBIRD_OIDC_ISSUER": "https://id.example.com",
            "TICKBIRD_OIDC_CLIENT_ID": "tickbird",
            "TICKBIRD_OIDC_CLIENT_SECRET": SECRET,
            "TICKBIRD_PUBLIC_URL": "https://queues.example.com",
        },
    )
    assert SECRET not in f"{settings} {settings!r} {settings.redis[0]}"
    secret = {setting.attribute for setting in TABLE if setting.secret}
    ours = {
        "password_hash",
        "metrics_token",
        "state_url",
        "oidc_client_secret",
        "audit_webhook",
        "audit_webhook_secret",
    }
    assert secret == ours


def test_several_instances_each_have_their_own_prefixes(toml: Written) -> None:
    settings = loaded(
        toml(
            "[[redis]]\nname = 'shop'\nurl = 'redis://shop'\n"
            "[[redis]]\nname = 'mail'\nurl = 'redis://mail'\nprefixes = ['{bull}', 'eu:bull']\n"
        )
    )
    assert [(r.name, r.url, r.prefixes) for r in settings.redis] == [
        ("shop", "redis://shop", ("bull",)),
        ("mail", "redis://mail", ("{bull}", "eu:bull")),
    ]


def test_redis_flags_name_their_instances_and_win() -> None:
    settings = loaded(
        environment={"TICKBIRD_REDIS_URL": "redis://environment"},
        redis=["redis://:a=b@first", "shop=redis://:c=d@shop", "redis://third"],
    )
    assert [(r.name, r.url) for r in settings.redis] == [
        ("default", "redis://:a=b@first"),
        ("shop", "redis://:c=d@shop"),
        ("redis-3", "redis://third"),
    ]


@pytest.mark.parametrize("flags", [["=redis://x"], ["a=redis://x", "a=redis://y"], ["localhost"], ["a=b=redis://x"]])
def test_a_redis_flag_that_makes_no_sense_is_refused(flags: list[str]) -> None:
    with pytest.raises(Invalid):
        loaded(redis=flags)


@pytest.mark.parametrize(("said", "path"), [("/q/", "/q"), ("q", "/q"), ("/a/b-c_d.e~f", "/a/b-c_d.e~f")])
def test_the_base_path_is_brought_into_one_form(said: str, path: str) -> None:
    assert loaded(base_path=said).base_path == path
