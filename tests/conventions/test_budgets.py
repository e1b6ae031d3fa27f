"""The limits on size: past them, a thing has more than one job."""

from __future__ import annotations

from tests.conventions import budgets
from tests.conventions.budgets import Measured


def over(limit: int, measured: list[Measured]) -> list[str]:
    return [str(offender) for offender in budgets.over(limit, measured)]


def test_no_module_is_longer_than_the_limit() -> None:
    assert over(budgets.MODULE_LINES, budgets.lengths(budgets.modules())) == []


def test_no_function_is_longer_than_the_limit() -> None:
    assert over(budgets.FUNCTION_LINES, budgets.functions(budgets.modules())) == []


def test_no_style_component_is_longer_than_the_limit() -> None:
    assert over(budgets.STYLE_LINES, budgets.lengths(budgets.stylesheets())) == []


def test_the_report_names_every_figure() -> None:
    assert len(budgets.report()) >= 6
