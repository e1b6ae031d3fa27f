"""Retention rules as they are written in the settings: what they may say, and how a mistake is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import Invalid
from core.model import QueueId, State
from core.retention.rules import EVERY, Rule
from core.settings import Settings, load
from tickbird.serve import application

DAY = 86_400_000


def rules(tmp_path: Path, *tables: str) -> tuple[Rule, ...]:
    file = tmp_path / "tickbird.toml"
    file.write_text("\n".join(f"[[retention]]\n{table}" for table in tables))
    return load(file, {}, {}).retention


def test_there_is_none_unless_the_settings_have_it() -> None:
    assert Settings().retention == ()


def test_a_rule_says_what_stays(tmp_path: Path) -> None:
    (rule,) = rules(tmp_path, 'queue = "email*"\nstate = "completed"\nkeep = 1000\nage = "7d"')
    assert rule == Rule("email*", State.COMPLETED, keep=1000, age=7 * DAY, every=EVERY)
    assert rule.sentence == "Retention: completed jobs in email* older than 1w, all but the newest 1,000 of each queue."


def test_a_rule_may_be_about_one_instance_and_prefix(tmp_path: Path) -> None:
    (rule,) = rules(tmp_path, 'queue = "mail"\nstate = "failed"\nage = "12h"\ninstance = "shop"\nprefix = "eu:*"')
    assert rule.matches(QueueId("shop", "eu:bull", "mail"))
    assert not rule.matches(QueueId("shop", "bull", "mail"))
    assert not rule.matches(QueueId("other", "eu:bull", "mail"))
    assert not rule.matches(QueueId("shop", "eu:bull", "mail-archive"))
    assert "shop/eu:*" in rule.sentence


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ('queue = "mail"\nstate = "active"\nage = "1d"', "completed or failed, not 'active'"),
        ('queue = "mail"\nstate = "waiting"\nage = "1d"', "still to be done"),
        ('queue = "mail"\nstate = "completed"', "would remove every completed job"),
        ('queue = "mail"\nstate = "completed"\nkeep = 0', "would remove every completed job"),
        ('queue = "mail"\nstate = "completed"\nkeeps = 10', "Did you mean 'keep'"),
        ('queue = "mail"\nstate = "completed"\nkeep = -1', "keep in .* must be a whole number"),
        ('queue = "mail"\nstate = "completed"\nkeep = true', "keep in .* must be a whole number"),
        ('queue = "mail"\nstate = "completed"\nage = 7', 'age in .* such as "90s"'),
        ('queue = "mail"\nstate = "completed"\nage = "7 years"', 'age in .* such as "90s"'),
        ('queue = "mail"\nstate = "completed"\nage = "1d"\nevery = "1s"', "every in .* at least 10s"),
        ('state = "completed"\nage = "1d"', "queue is missing"),
        ('queue = "mail"\nage = "1d"', "state is missing"),
        ('queue = ""\nstate = "completed"\nage = "1d"', "queue in .* must be a name"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(tmp_path: Path, table: str, told: str) -> None:
    with pytest.raises(Invalid, match=told) as refused:
        rules(tmp_path, table)
    assert "tickbird.toml" in str(refused.value)


def test_two_rules_that_say_the_same_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="say the same"):
        rules(tmp_path, *['queue = "mail"\nstate = "completed"\nage = "1d"'] * 2)


def test_a_single_table_is_told_how_to_be_written(tmp_path: Path) -> None:
    file = tmp_path / "tickbird.toml"
    file.write_text('[retention]\nqueue = "mail"\n')
    with pytest.raises(Invalid, match=r"\[\[retention\]\]"):
        load(file, {}, {})


def test_the_program_takes_them(tmp_path: Path) -> None:
    found = rules(tmp_path, 'queue = "mail"\nstate = "completed"\nage = "1d"')
    assert application(Settings(retention=found))
