"""The table library × mutation in docs/dialects.md: written from a run's proofs, and read back to be checked."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from core.dialects.contract import CONTRACTS, VERBS
from core.operations.request import Action
from tests.interop.node_libraries import LIBRARIES, Library

PAGE = Path(__file__).parents[2] / "docs" / "dialects.md"
BEGIN, END = "<!-- from here on written by bin/test --full -->", "<!-- up to here -->"
_PROVED = re.compile(r"^- (\S+ \S+) on (\S+): `([^`]+)`", re.MULTILINE)


class Cell(StrEnum):
    """What a verb does on a library."""

    WORKS = "works"
    ABSENT = "absent"
    REFUSED = "refused"
    FAILS = "fails"


WORDS = {Cell.WORKS: "works", Cell.ABSENT: "not in that library", Cell.REFUSED: "refused", Cell.FAILS: "**fails**"}


@dataclass(frozen=True, slots=True)
class Proof:
    """One test's word on one cell; `because` is the sentence with which we refuse."""

    verb: str
    alias: str
    cell: Cell
    test: str
    because: str = ""


def rows() -> tuple[str, ...]:
    """Every mutation that any contract names, and every bulk action: `bulk-retry`, …"""
    known = {verb for contract in CONTRACTS.values() for verb in contract.verbs}
    single = [*(verb for verb in VERBS if verb in known), *sorted(known - set(VERBS))]
    return (*single, *(f"bulk-{action}" for action in Action))


def label(library: Library) -> str:
    """bullmq 5.81"""
    return f"{library.package} {'.'.join(library.version.split('.')[:2])}"


def write(proofs: Sequence[Proof], scenarios: int) -> None:
    """Put what was proved in place of what stood there."""
    before, _, rest = PAGE.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    cells: dict[tuple[str, str], list[Proof]] = defaultdict(list)
    for proof in proofs:
        cells[proof.verb, proof.alias].append(proof)
    lines = [*_table(cells, scenarios), "", *_reasons(cells), "", *_backing(cells)]
    PAGE.write_text(before + BEGIN + "\n\n" + "\n".join(lines) + "\n\n" + END + after)


def lacking(proofs: Sequence[Proof]) -> list[str]:
    """The cells that no test proves."""
    proved = {(proof.verb, proof.alias) for proof in proofs}
    return [f"{verb} on {label(each)}" for verb in rows() for each in LIBRARIES if (verb, each.alias) not in proved]


def backed() -> dict[tuple[str, str], str]:
    """The test that the page names for each verb and library."""
    aliases = {label(library): library.alias for library in LIBRARIES}
    return {(verb, aliases[name]): test for name, verb, test in _PROVED.findall(PAGE.read_text())}


def _table(cells: dict[tuple[str, str], list[Proof]], scenarios: int) -> Iterator[str]:
    total = sum(map(len, cells.values()))
    yield f"Last run: {total:,} proofs, and {scenarios:,} generated scenarios lived twice and compared."
    yield ""
    yield f"| mutation | {' | '.join(map(label, LIBRARIES))} |"
    yield "| --- |" + " --- |" * len(LIBRARIES)
    for verb in rows():
        words = (_word(cells.get((verb, library.alias), [])) for library in LIBRARIES)
        yield f"| {verb} | {' | '.join(words)} |"


def _word(proofs: Sequence[Proof]) -> str:
    return WORDS[_cell(proofs)] if proofs else "not tested"


def _cell(proofs: Sequence[Proof]) -> Cell:
    """A single failure shows; a refusal of some jobs among what works does not."""
    said = {proof.cell for proof in proofs}
    return next(cell for cell in (Cell.FAILS, Cell.WORKS, Cell.REFUSED, Cell.ABSENT) if cell in said)


def _reasons(cells: dict[tuple[str, str], list[Proof]]) -> Iterator[str]:
    yield "## What is said where it is refused"
    yield ""
    for verb in rows():
        said: dict[str, list[str]] = defaultdict(list)
        for library in LIBRARIES:
            proofs = cells.get((verb, library.alias), [])
            if proofs and _cell(proofs) in (Cell.REFUSED, Cell.ABSENT):
                said[next((p.because for p in proofs if p.because), "")].append(label(library))
        for because, libraries in said.items():
            yield f"- **{verb}** on {', '.join(libraries)}: {because}"


def _backing(cells: dict[tuple[str, str], list[Proof]]) -> Iterator[str]:
    yield "## Which test proves which cell"
    for verb in rows():
        yield ""
        yield f"### {verb}"
        yield ""
        for library in LIBRARIES:
            if proofs := cells.get((verb, library.alias)):
                cell = _cell(proofs)
                tests = [proof.test for proof in proofs if proof.cell is cell]
                more = f" and {len(tests) - 1} more" if len(tests) > 1 else ""
                yield f"- {label(library)} on {verb}: `{min(tests, key=lambda test: (len(test), test))}`{more}"
