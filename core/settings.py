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

from core.access.accounts import Proxy, Token, User, proxy_table, role_tables, token_tables, user_tables
from core.access.provider import PREFIX, Provider, provider, special
from core.access.roles import DANGEROUS, ROLES
from core.audit.webhook_target import webhook_target
from core.dead_letters.mapping import Mapped, dead_letter_tables
from core.errors import Invalid
from core.events.reasons import Reason, reason_tables
from core.permission import Permission
from core.redaction.redaction import Rule as Hiding
from core.redaction.tables import redact_tables
from core.redis_settings import DEFAULT_URL, RedisSettings, instance_flag, instance_tables, known_instance, nearest
from core.redis_url import check_url
from core.retention.rules import Rule, retention_tables
from core.setting import TABLE, Setting
from core.slo import Slo, slo_tables

# Kubernetes writes such variables for a Service called "tickbird"; they are nobody's setting.
_SERVICE_LINK = re.compile(r"^TICKBIRD_(.+_)?(SERVICE_(HOST|PORT).*|PORT(_\d+_(TCP|UDP).*)?)$")
_ELSEWHERE = frozenset({"TICKBIRD_REDIS_URL", "TICKBIRD_CONFIG", "TICKBIRD_DEMO_SERVER"})
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
    users: tuple[User, ...] = ()
    tokens: tuple[Token, ...] = ()
    roles: Mapping[str, frozenset[Permission]] = field(default_factory=dict)
    proxy: Proxy | None = None
    oidc: Provider | None = None
    allow: tuple[str, ...] = ()
    public_url: str = ""
    session_hours: int = 12
    redact: tuple[Hiding, ...] = ()
    metrics_access: str = "login"
    metrics_token: str = field(default="", repr=False)
    exporter_host: str = "127.0.0.1"
    exporter_port: int = 9809
    exporter_shard: int = 0
    exporter_total_shards: int = 1
    metrics_job_names: int = 50
    metrics_job_times: tuple[str, ...] = ()
    dead_letter: tuple[str, ...] = ()
    dead_letters: tuple[Mapped, ...] = ()
    slo: tuple[Slo, ...] = ()
    reasons: tuple[Reason, ...] = ()
    limits_requests: int = 3000
    limits_heavy: int = 600
    limits_heavy_at_once: int = 12
    limits_tabs: int = 100
    limits_feeds: int = 10
    state_url: str = field(default="", repr=False)
    retention: tuple[Rule, ...] = ()
    audit_webhook: str = field(default="", repr=False)
    audit_webhook_secret: str = field(default="", repr=False)
    audit_webhook_internal: bool = False
    audit_webhook_ca: str = ""
    log_format: str = "text"

    @property
    def login(self) -> bool:
        """Whether somebody has to log in at all."""
        return bool((self.user and self.password_hash) or self.users or self.tokens or self.proxy or self.oidc)


def load(file: Path | None, environment: Mapping[str, str], flags: Mapping[str, Any]) -> Settings:
    """The settings from all three places. `flags` has attribute names, plus `redis` as `["url", "name=url"]`."""
    values = _from_toml(file) | _from_environment(environment)
    values |= {name: value for name, value in flags.items() if value is not None and name != "redis"}
    instances = _instances(values.pop("redis", ()), environment, flags.get("redis") or ())
    of_provider = {name: values.pop(name) for name in list(values) if name.startswith(PREFIX)}
    values["oidc"] = provider(of_provider)
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
    tables = {name: content.pop(name) for name in _TABLES if content.get(name) and not _is_plain(name, content[name])}
    read = {attribute: of(tables[name], str(file)) for name, (attribute, of) in _TABLES.items() if name in tables}
    if "dead_letters" in read:
        read["dead_letter"] = tuple(table.queue for table in read["dead_letters"])
    read |= special(content.get("oidc"), str(file))
    return {**_known(_dotted(content), str(file)), **read}


def _is_plain(name: str, value: Any) -> bool:
    """Whether it is said by texts alone, as in the environment, where it can be said by tables too."""
    return name in _BY_NAME and isinstance(value, list) and all(isinstance(item, str) for item in value)


# What is written as an array of tables, with the attribute that it becomes.
_TABLES: Mapping[str, tuple[str, Callable[[Any, str], Any]]] = {
    "redis": ("redis", instance_tables),
    "slo": ("slo", slo_tables),
    "dead_letter": ("dead_letters", dead_letter_tables),
    "reason": ("reasons", reason_tables),
    "retention": ("retention", retention_tables),
    "users": ("users", user_tables),
    "tokens": ("tokens", token_tables),
    "roles": ("roles", role_tables),
    "proxy": ("proxy", proxy_table),
    "redact": ("redact", redact_tables),
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
    for limit in (setting for setting in TABLE if setting.name.startswith("limits.")):
        if getattr(settings, limit.attribute) < 0:
            raise Invalid(f"{limit.name} must be 0 or more.")
    if settings.state_url:
        check_url(settings.state_url, "state_url")
    if settings.metrics_access not in ("login", "open"):
        raise Invalid(f'metrics.access must be "login" or "open", not {settings.metrics_access!r}.')
    if settings.log_format not in ("text", "json"):
        raise Invalid(f'log_format must be "text" or "json", not {settings.log_format!r}.')
    if bool(settings.user) != bool(settings.password_hash):
        raise Invalid("A login needs both user and password_hash.", "`tickbird hash-password` prints the hash.")
    _check_access(settings)
    webhook_target(settings)
    return replace(settings, base_path=_base_path(settings.base_path))


def _check_access(settings: Settings) -> None:
    if strange := [word for word in settings.allow if word not in DANGEROUS]:
        raise Invalid(f"allow names {strange[0]!r}, which is no dangerous action.", f"It knows {', '.join(DANGEROUS)}.")
    if settings.session_hours < 1:
        raise Invalid("session_hours must be 1 or more.")
    if settings.public_url and not re.fullmatch(r"https?://[^/?#\s]+/?", settings.public_url):
        raise Invalid(f"public_url must be like https://queues.example.com, not {settings.public_url!r}.")
    if settings.oidc and not settings.public_url:
        raise Invalid(
            "A login by OpenID Connect needs public_url: the provider sends people back there.",
            'Say where that is, such as public_url = "https://queues.example.com".',
        )
    known = [*ROLES, *settings.roles]
    accounts: list[User | Token] = [*settings.users, *settings.tokens]
    given = [account.grant.role for account in accounts]
    given += [settings.proxy.role] if settings.proxy else []
    given += [settings.oidc.role, *(group.grant.role for group in settings.oidc.groups)] if settings.oidc else []
    for role in filter(None, given):
        if role not in known:
            raise Invalid(f"There is no role {role!r}.", nearest(role, known))


def _base_path(path: str) -> str:
    trimmed = "/" + path.strip("/")
    if not re.fullmatch(r"(/[A-Za-z0-9._~-]+)+", trimmed) or any(p in (".", "..") for p in trimmed.split("/")):
        raise Invalid(f"base_path must be a path such as /admin/queues, not {path!r}.")
    return trimmed
