"""docs/dialects.md is whole: each mutation on each library has a word, and a test that still exists behind it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.interop.node_libraries import LIBRARIES
from tests.interop.table import PAGE, WORDS, Cell, backed, rows

TESTS = Path(__file__).parents[1]
HAZARDS = range(1, 19)


@pytest.fixture(autouse=True)
def written(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--renew-dialects", default=False):
        pytest.skip("this run writes the page at its end")


@pytest.mark.parametrize("verb", rows())
def test_every_library_has_a_cell_for_it_with_a_test_behind(verb: str) -> None:
    known = backed()
    missing = [library.alias for library in LIBRARIES if (verb, library.alias) not in known]
    assert missing == [], f"{verb}: mark a test with @pytest.mark.proves, then run bin/test --full"


def test_the_tests_behind_the_cells_exist() -> None:
    for cell, test in backed().items():
        path, _, name = test.partition("::")
        source = (TESTS.parent / path).read_text()
        assert f"def {name.partition('[')[0]}(" in source, cell


def test_nothing_fails_in_the_table() -> None:
    assert WORDS[Cell.FAILS] not in PAGE.read_text()
    assert "not tested" not in PAGE.read_text()


def test_each_hazard_has_a_test_named_after_it() -> None:
    found = {
        int(number)
        for path in TESTS.glob("**/test_*.py")
        for number in re.findall(r"def test_8_(\d+)_", path.read_text())
    }
    assert found == set(HAZARDS)
