"""A pytest plugin (`-p tests.interop.proof`): which test proves which mutation on which library, and how many generated
scenarios a run went through. `--renew-dialects` renews the cells of docs/dialects.md that the run has proved.

A test says so by `@pytest.mark.proves("retry")`, for the library that it is parametrised with; one for a verb that
the library does not have, or that we refuse there, says `proves("set_concurrency", "absent")` or `"refused"`, and
tells the reason through the fixture `because`. A test counts scenarios through the fixture `scenarios`.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.interop.table import PAGE, Cell, Proof, unbacked, write

PROOF, SCENARIOS = "proof", "scenarios"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--renew-dialects", action="store_true", help="renew in docs/dialects.md what this run proves")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What a test proves travels with its report, from whichever process ran it."""
    for item in items:
        for mark in item.iter_markers("proves"):
            item.user_properties.append((PROOF, _cell(item, *mark.args)))


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Account(config), "tickbird-proof")


class Account:
    """What the reports of a whole run add up to."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._proofs: list[Proof] = []
        self._scenarios = 0

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when != "call" or report.skipped:
            return
        said = dict[str, Any](report.user_properties)
        self._scenarios += said.get(SCENARIOS, 0)
        proofs: list[Any] = [value for name, value in report.user_properties if name == PROOF]
        for verb, alias, cell in proofs:
            found = Cell(cell) if report.passed else Cell.FAILS
            self._proofs.append(Proof(verb, alias, found, report.nodeid, str(said.get("because", ""))))

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if self._scenarios:
            terminalreporter.write_line(f"{self._scenarios:,} generated scenarios, lived twice and compared")
        if self._config.getoption("--renew-dialects") and (missing := unbacked(PAGE.read_text())):
            terminalreporter.write_line(f"docs/dialects.md lacks a proof of {', '.join(missing)}", red=True)

    def pytest_sessionfinish(self) -> None:
        if self._config.getoption("--renew-dialects"):
            write(self._proofs, self._scenarios)


def _cell(item: pytest.Item, verb: str, cell: str = Cell.WORKS) -> tuple[str, str, str]:
    library = getattr(item, "callspec").params["library"]  # noqa: B009 # pytest.Item does not declare it
    return verb, library.alias, str(cell)
