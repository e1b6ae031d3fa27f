"""Every setting is documented, with the default that it has."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from core.setting import TABLE, Setting
from tests.conventions.tree import text

PAGE = Path("docs/settings.md")


def row(setting: Setting) -> str | None:
    """The setting's line in the table of docs/settings.md."""
    found = re.search(rf"^\| `{re.escape(setting.name)}` \|.*$", text(PAGE), re.MULTILINE)
    return found and found.group()


@pytest.mark.parametrize("setting", TABLE, ids=lambda setting: setting.name)
def test_is_documented_with_its_variable_and_default(setting: Setting) -> None:
    line = row(setting)
    assert line, f"{PAGE} has no row for {setting.name}"
    assert f"`{setting.variable}`" in line
    assert line.split("|")[3].strip() == in_toml(setting.default)


def in_toml(value: object) -> str:
    match value:
        case "" | ():
            return ""
        case bool():
            return f"`{str(value).lower()}`"
        case str():
            return f'`"{value}"`'
        case _:
            return f"`{value}`"


def test_no_setting_is_documented_that_is_not_there() -> None:
    documented = re.findall(r"^\| `([\w.]+)` \| `TICKBIRD_", text(PAGE), re.MULTILINE)
    assert documented == [setting.name for setting in TABLE]


def test_the_ways_to_name_a_redis_are_documented() -> None:
    for word in ("[[redis]]", "`--redis", "TICKBIRD_REDIS_URL", "TICKBIRD_CONFIG", "_FILE", "prefixes"):
        assert word in text(PAGE)
