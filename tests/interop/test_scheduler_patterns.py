"""Patterns as the libraries' own cron-parser reads them: the next runs of generated ones, in many zones, above all
where the clocks change. Where we cannot tell what the library would do, we say nothing."""

from __future__ import annotations

import json
import os
import random
import subprocess
from itertools import islice
from typing import Any

import pytest

from core.schedulers.cron import Reader, Unreadable, cron
from core.schedulers.times import CannotTell, after
from core.schedulers.zones import zone
from tests.interop.node_libraries import HERE, ensure_installed

# Every library's own package, found as it finds it.
ORACLE = """
const { createRequire } = require('node:module');
const { cases, library } = JSON.parse(require('node:fs').readFileSync(0));
const here = createRequire(require.resolve(library + '/package.json', { paths: [process.cwd()] }));
const parser = here('cron-parser');
const parse = parser.CronExpressionParser
  ? (pattern, options) => parser.CronExpressionParser.parse(pattern, options)
  : (pattern, options) => parser.parseExpression(pattern, options);
const next = ([pattern, tz, at]) => {
  const found = [];
  try {
    const runs = parse(pattern, { currentDate: new Date(at), tz });
    while (found.length < 4) found.push(runs.next().getTime());
  } catch { /* none, or no more */ }
  return found;
};
console.log(JSON.stringify(cases.map(next)));
"""
READERS = {"bull4": Reader.V4, "bullmq5": Reader.V4, "bullmq6": Reader.V5}
BOUNDS = ((0, 59), (0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
PLAIN_ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Sydney", "Asia/Kolkata", "Europe/London")
ODD_ZONES = ("Australia/Lord_Howe", "America/Havana", "Asia/Beirut", "Antarctica/Troll", "Africa/Cairo")
# Days before and after which some zone of these changes its clocks (2026).
CHANGES = (1_774_742_400_000, 1_792_886_400_000, 1_772_928_000_000, 1_793_491_200_000, 1_775_300_000_000)
DAY = 86_400_000
NAMED = {
    3: ("L", "1", "15", "31", "1-31", "1-28"),
    4: ("jan", "FEB", "Dec"),
    5: ("mon", "SUN", "5L", "mon-fri", "7", "1-7"),
}


def cases(seed: int, zones: tuple[str, ...], number: int) -> list[tuple[str, str, int]]:
    """Patterns of five and six fields, each with a zone and an instant to count from."""
    dice = random.Random(seed)
    return [(_pattern(dice), dice.choice(zones), _instant(dice)) for _ in range(number)]


def _pattern(dice: random.Random) -> str:
    fields = [_field(dice, at) for at in range(6)]
    # Seconds and minutes that mean little, so that hours and days come to mean something.
    fields[0] = dice.choice(["0", fields[0]])
    fields[1] = dice.choice([str(dice.randint(0, 59)), fields[1]])
    return " ".join(fields if dice.random() < 0.5 else fields[1:])


def _field(dice: random.Random, at: int) -> str:
    kind = dice.random()
    if kind < 0.4:
        return "*"
    if at == 5 and kind < 0.5:
        return f"{dice.randint(0, 7)}#{dice.randint(1, 5)}"
    if kind < 0.85:
        return _part(dice, at)
    return ",".join(_part(dice, at) for _ in range(dice.randint(2, 3)))


def _part(dice: random.Random, at: int) -> str:
    low, high = BOUNDS[at]
    first, last = sorted((dice.randint(low, high), dice.randint(low, high)))
    named = dice.choice(NAMED.get(at, ("*",)))
    shapes = (f"{first}", f"*/{dice.randint(1, 20)}", f"{first}-{last}", f"{first}-{last}/{dice.randint(1, 8)}")
    return dice.choice((*shapes, f"{first}/{dice.randint(1, 20)}", named))


def _instant(dice: random.Random) -> int:
    if dice.random() < 0.3:
        return dice.randint(1_700_000_000, 1_900_000_000) * 1000 + dice.choice((0, 1, 500))
    return dice.choice(CHANGES) + dice.randint(-2 * DAY, 2 * DAY)


def of_library(alias: str, asked: list[tuple[str, str, int]]) -> list[list[int]]:
    ensure_installed()
    told = subprocess.run(
        ["node", "-e", ORACLE],
        input=json.dumps({"cases": asked, "library": alias}),
        capture_output=True,
        text=True,
        check=True,
        cwd=HERE,
        env={**os.environ, "TZ": "UTC"},
    )
    runs: list[list[int]] = json.loads(told.stdout)
    return runs


def of_ours(reader: Reader, pattern: str, tz: str, at: int) -> tuple[list[int], bool]:
    """The next four, and whether these are all that could be told."""
    found: list[int] = []
    place: Any = zone(tz)
    try:
        for instant in islice(after(cron(pattern, reader), place, at), 4):
            found.append(instant)  # what came before an exception counts
    except Unreadable:
        return [], False
    except CannotTell:
        return found, True
    return found, False


@pytest.mark.parametrize("zones", [PLAIN_ZONES, ODD_ZONES], ids=["plain", "odd"])
@pytest.mark.parametrize("alias", READERS)
def test_the_next_runs_are_those_of_the_library(alias: str, zones: tuple[str, ...]) -> None:
    asked = cases(seed=len(alias) + len(zones), zones=zones, number=120)
    untold = 0
    for case, expected in zip(asked, of_library(alias, asked), strict=True):
        runs, stopped = of_ours(READERS[alias], *case)
        untold += stopped
        # What the library refuses, or finds nothing for, is never written: its own error is as good as ours.
        if expected:
            assert runs == (expected[: len(runs)] if stopped else expected), case
    assert untold == 0 or zones == ODD_ZONES
    assert untold < len(asked) / 5
