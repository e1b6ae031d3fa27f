"""The tables of docs/dialects.md are renewed cell by cell: what a run has not proved stays as it was."""

from __future__ import annotations

import pytest

from tests.interop import table
from tests.interop.node_libraries import LIBRARIES
from tests.interop.table import BEGIN, END, Cell, Proof, kept, lacking, renewed, rows

EMPTY = f"before\n{BEGIN}\n{END}\nafter\n"


def whole_run(test: str = "tests/a.py::test_it") -> list[Proof]:
    return [Proof(verb, library.alias, Cell.WORKS, test) for verb in rows() for library in LIBRARIES]


def test_a_whole_run_writes_every_cell_and_says_so() -> None:
    page = renewed(EMPTY, whole_run(), 7)
    assert page.startswith("before\n")
    assert page.endswith("after\n")
    assert "not tested" not in page
    assert f"Last whole run: {len(whole_run()):,} proofs, and 7 generated scenarios" in page
    assert set(kept(page)) == {(verb, library.alias) for verb in rows() for library in LIBRARIES}


def test_a_run_of_a_part_renews_that_part_alone() -> None:
    before = renewed(EMPTY, whole_run(), 7)
    proofs = [
        Proof("retry", "bull4", Cell.REFUSED, "tests/b.py::test_no", "It would\nlose a job: so no."),
        Proof("retry", "bull4", Cell.REFUSED, "tests/b.py::test_no_more"),
        Proof("promote", "bullmq6", Cell.FAILS, "tests/b.py::test_broken"),
    ]
    after = renewed(before, proofs, 3)
    changed = {place for place, shown in kept(after).items() if shown != kept(before)[place]}
    assert changed == {("retry", "bull4"), ("promote", "bullmq6")}
    assert kept(after)["retry", "bull4"].because == "It would lose a job: so no."
    assert "and 7 generated scenarios" in after
    assert "and 3 generated" not in after


def test_what_is_written_is_read_back_and_written_the_same() -> None:
    proofs = [
        *whole_run(),
        *(
            Proof("trim_events", alias, Cell.ABSENT, "tests/c.py::test_x", "Bull: no stream.")
            for alias in ("bull3", "bull4")
        ),
    ]
    proofs = [
        p for p in proofs if (p.verb, p.alias) not in (("trim_events", "bull3"), ("trim_events", "bull4")) or p.because
    ]
    page = renewed(EMPTY, proofs, 1)
    assert "**trim_events** on bull 3.29, bull 4.16: Bull: no stream." in page
    assert renewed(page, [], 0) == page


def test_features_have_a_table_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "FEATURES", ("see-it",))
    page = renewed(EMPTY, whole_run(), 0)
    assert page.index("| mutation |") < page.index("| retry |") < page.index("| feature |") < page.index("| see-it |")
    assert len(lacking([])) == len(rows()) * len(LIBRARIES)
