"""Settings: `tickbird.toml`, overridden by the environment, overridden by flags; read once, then passed down.

An unknown key is an error that names the nearest known one. Every setting stands in one table, which the
documentation is checked against.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from core.errors import Invalid
from core.events.reasons import Reason, reason_tables
from core.redis_settings import DEFAULT_URL, RedisSettings, instance_flag, instance_tables, known_instance, nearest
from core.redis_url import check_url
from core.retention.rules import Rule, retention_tables
from core.slo import Slo, slo_tables

# Kubernetes writes such variables for a Service called "tickbird"; they are nobody's setting.
_SERVICE_LINK = re.compile(r"^TICKBIRD_(.+_)?(SERVICE_(HOST|PORT).*|PORT(_\d+_(TCP|UDP).*)?)$")
_ELSEWHERE = frozenset({"TICKBIRD_REDIS_URL", "TICKBIRD_CONFIG", "TICKBIRD_DEMO_SERVER"})


@dataclass(frozen=True, slots=True)
class Setting:
    """One line of the table: dotted name, type, default, and what it is for. `secret` never shows its value."""

    name: str
    kind: type
    default: Any
    about: str
    secret: bool = False

    @property
    def variable(self) -> str:
        return "TICKBIRD_" + self.name.replace(".", "_").upper()

    @property
    def attribute(self) -> str:
        return self.name.replace(".", "_")


TABLE = (
    Setting("host", str, "127.0.0.1", "the address to listen on"),
    Setting("port", int, 3000, "the port of the dashboard; 0 takes a free one"),
    Setting("base_path", str, "/admin/queues", "where the pages live"),
    Setting("hosts", list, (), "host names that are answered; empty: any, or loopback's names while there is no login"),
    Setting("read_only", bool, False, "refuse every action"),
    Setting("insecure_no_auth", bool, False, "allow a public address without a login"),
    Setting("user", str, "", "the name of the one user who may log in"),
    Setting("password_hash", str, "", "that user's password, as `tickbird hash-password` prints it", secret=True),
    Setting("metrics.access", str, "login", '"login": like the pages; "open": anyone may scrape the dashboard\'s port'),
    Setting("metrics.token", str, "", "a bearer token that may scrape /metrics on the dashboard's port", secret=True),
    Setting("exporter.host", str, "127.0.0.1", "the address of `tickbird exporter`"),
    Setting("exporter.port", int, 9809, "the port of `tickbird exporter`; 0 takes a free one"),
    Setting("exporter.shard", int, 0, "which of several exporters that share the queues this one is, from 0"),
    Setting("exporter.total_shards", int, 1, "how many exporters share the queues"),
    Setting("metrics.job_names", int, 50, "how many job names of a queue are told apart; further ones are `__other__`"),
    Setting("metrics.job_times", list, (), "patterns of queues whose wait and run times are kept for each job name"),
    Setting("dead_letter", list, (), "patterns of queues in which a job means that something was given up"),
    Setting("state_url", str, "", "a Redis that keeps what Tickbird itself remembers; empty: memory", secret=True),
    Setting("log_format", str, "text", '"text" or "json"'),
)
_BY_NAME = {setting.name: setting for setting in TABLE}


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be configured, checked."""

    redis: tuple[RedisSettings, ...] = (RedisSettings("default", DEFAULT_URL),)
    host: str = "127.0.0.1"
    port: int = 3000
    base_path: str = "/admin/queues"
    hosts: tuple[str, ...] = ()
    read_only: bool = False
    insecure_no_auth: bool = False
    user: str = ""
    password_hash: str = field(default="", repr=False)
    metrics_access: str = "login"
    metrics_token: str = field(default="", repr=False)
    exporter_host: str = "127.0.0.1"
    exporter_port: int = 9809
    exporter_shard: int = 0
    exporter_total_shards: int = 1
    metrics_job_names: int = 50
    metrics_job_times: tuple[str, ...] = ()
    dead_letter: tuple[str, ...] = ()
    slo: tuple[Slo, ...] = ()
    reasons: tuple[Reason, ...] = ()
    state_url: str = field(default="", repr=False)
    retention: tuple[Rule, ...] = ()
    log_format: str = "text"

    @property
    def login(self) -> bool:
        """Whether somebody has to log in at all."""
        return bool(self.user and self.password_hash)


def load(file: Path | None, environment: Mapping[str, str], flags: Mapping[str, Any]) -> Settings:
    """The settings from all three places. `flags` has attribute names, plus `redis` as `["url", "name=url"]`."""
    values = _from_toml(file) | _from_environment(environment)
    values |= {name: value for name, value in flags.items() if value is not None and name != "redis"}
    instances = _instances(values.pop("redis", ()), environment, flags.get("redis") or ())
    return _checked(replace(Settings(redis=instances), **values))


def _from_toml(file: Path | None) -> dict[str, Any]:
    if file is None:
        return {}
    try:
        content = tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise Invalid(f"The settings file {file} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Invalid(f"The settings file {file} is not valid TOML: {error}.") from error
    tables = {name: content.pop(name) for name in _TABLES if content.get(name)}
    read = {attribute: of(tables[name], str(file)) for name, (attribute, of) in _TABLES.items() if name in tables}
    return {**_known(_dotted(content), str(file)), **read}


# What is written as an array of tables, with the attribute that it becomes.
_TABLES: Mapping[str, tuple[str, Callable[[Any, str], Any]]] = {
    "redis": ("redis", instance_tables),
    "slo": ("slo", slo_tables),
    "reason": ("reasons", reason_tables),
    "retention": ("retention", retention_tables),
}


def _dotted(content: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in content.items():
        flat |= _dotted(value, f"{above}{key}.") if isinstance(value, dict) else {above + key: value}
    return flat


def _known(content: Mapping[str, Any], where: str) -> dict[str, Any]:
    return {
        _setting(name, where).attribute: _typed(_setting(name, where), value, where) for name, value in content.items()
    }


def _setting(name: str, where: str) -> Setting:
    if name in _BY_NAME:
        return _BY_NAME[name]
    raise Invalid(f"{where} has an unknown setting {name!r}.", nearest(name, [*_BY_NAME, *_TABLES]))


def _typed(setting: Setting, value: Any, where: str) -> Any:
    if setting.kind is list:
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return tuple(value)
    elif isinstance(value, setting.kind) and not (setting.kind is int and isinstance(value, bool)):
        return value
    raise Invalid(f"{where}: {setting.name} must be a {_WORDS[setting.kind]}.")


_WORDS = {str: "text", int: "whole number", bool: "true or false", list: "list of texts"}


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    by_variable = {setting.variable: setting for setting in TABLE}
    values: dict[str, Any] = {}
    for variable, value in environment.items():
        if not variable.startswith("TICKBIRD_") or variable in _ELSEWHERE or _is_service_link(variable, value):
            continue
        plain = variable.removesuffix("_FILE")
        if plain == "TICKBIRD_REDIS_URL":
            continue
        if plain not in by_variable:
            known = [*by_variable, "TICKBIRD_REDIS_URL", "TICKBIRD_CONFIG"]
            raise Invalid(f"The environment has an unknown variable {variable}.", nearest(variable, known))
        _raise_if_said_twice(plain, environment)
        content = _file(variable, value) if plain != variable else value
        values[by_variable[plain].attribute] = _parsed(by_variable[plain], content, variable)
    return values


def _is_service_link(variable: str, value: str) -> bool:
    known = variable in {setting.variable for setting in TABLE}
    return _SERVICE_LINK.match(variable) is not None and (not known or "://" in value)


def _raise_if_said_twice(variable: str, environment: Mapping[str, str]) -> None:
    if variable in environment and f"{variable}_FILE" in environment:
        raise Invalid(f"Both {variable} and {variable}_FILE are set.", "Unset one of them.")


def _file(variable: str, path: str) -> str:
    try:
        return Path(path).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(f"{variable} names a file that cannot be read: {path} ({error}).") from error


def _parsed(setting: Setting, value: str, where: str) -> Any:
    if setting.kind is bool:
        return _truth(value, where)
    if setting.kind is list:
        return tuple(part.strip() for part in value.split(",") if part.strip())
    if setting.kind is int:
        return _whole(value, where)
    return value


def _truth(value: str, where: str) -> bool:
    if value.lower() in ("1", "true", "yes", "on"):
        return True
    if value.lower() in ("0", "false", "no", "off", ""):
        return False
    raise Invalid(f"{where} must be true or false, not {value!r}.")


def _whole(value: str, where: str) -> int:
    try:
        return int(value)
    except ValueError:
        raise Invalid(f"{where} must be a whole number, not {value!r}.") from None


def _instances(
    tables: Sequence[RedisSettings], environment: Mapping[str, str], flags: Sequence[str]
) -> tuple[RedisSettings, ...]:
    if flags:
        return tuple(instance_flag(flag, position, tables) for position, flag in enumerate(flags))
    _raise_if_said_twice("TICKBIRD_REDIS_URL", environment)
    url = environment.get("TICKBIRD_REDIS_URL", "")
    if "TICKBIRD_REDIS_URL_FILE" in environment:
        url = _file("TICKBIRD_REDIS_URL_FILE", environment["TICKBIRD_REDIS_URL_FILE"])
    if url:
        return (known_instance("default", url, tables),)
    return tuple(tables) or (RedisSettings("default", DEFAULT_URL),)


def _checked(settings: Settings) -> Settings:
    names = [instance.name for instance in settings.redis]
    if doubled := {name for name in names if names.count(name) > 1}:
        raise Invalid(f"Two instances are called {doubled.pop()!r}.", "Give each [[redis]] its own name.")
    for instance in settings.redis:
        if not instance.name:
            raise Invalid("An instance has an empty name.", "Its name stands in URLs: give it one.")
        check_url(instance.url, f"The URL of instance {instance.name!r}")
    for port in ("port", "exporter.port"):
        if not 0 <= getattr(settings, _BY_NAME[port].attribute) <= 65_535:
            raise Invalid(f"{port} must be 0 to 65535.")
    if settings.metrics_job_names < 0:
        raise Invalid("metrics.job_names must be 0 or more.")
    if settings.state_url:
        check_url(settings.state_url, "state_url")
    if settings.metrics_access not in ("login", "open"):
        raise Invalid(f'metrics.access must be "login" or "open", not {settings.metrics_access!r}.')
    if settings.log_format not in ("text", "json"):
        raise Invalid(f'log_format must be "text" or "json", not {settings.log_format!r}.')
    if bool(settings.user) != bool(settings.password_hash):
        raise Invalid("A login needs both user and password_hash.", "`tickbird hash-password` prints the hash.")
    return replace(settings, base_path=_base_path(settings.base_path))


def _base_path(path: str) -> str:
    trimmed = "/" + path.strip("/")
    if not re.fullmatch(r"(/[A-Za-z0-9._~-]+)+", trimmed) or any(p in (".", "..") for p in trimmed.split("/")):
        raise Invalid(f"base_path must be a path such as /admin/queues, not {path!r}.")
    return trimmed
