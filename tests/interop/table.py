"""The tables library × mutation and library × feature in docs/dialects.md: written from a run's proofs, and read back.

A run renews the cells that it has proved. The others stay as they are on the page, so that a part of the tests renews a
part of it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from core.dialects.contract import CONTRACTS, VERBS
from core.operations.request import Action
from tests.interop.node_libraries import LIBRARIES, Library

PAGE = Path(__file__).parents[2] / "docs" / "dialects.md"
BEGIN, END = "<!-- from here on written by bin/test --full -->", "<!-- up to here -->"
_PROVED = re.compile(r"^- (\S+ \S+) on (\S+): `([^`]+)`(?: and (\d+) more)?", re.MULTILINE)
_ROW = re.compile(r"^\| (\S+) \| (.+) \|$", re.MULTILINE)
_REASON = re.compile(r"^- \*\*(\S+)\*\* on ([^:]+): (.*)$", re.MULTILINE)
_LAST = re.compile(r"^Last whole run: .*$", re.MULTILINE)


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


@dataclass(frozen=True, slots=True)
class Shown:
    """A cell as the page has it, with one of the tests behind it, and how many more there are."""

    cell: Cell
    test: str
    more: int = 0
    because: str = ""


Cells = Mapping[tuple[str, str], Shown]


# What is read of a library, beside what is done to its queues.
FEATURES: tuple[str, ...] = (
    "schedulers",
    "live-events",
    "follow-logs",
    "job-status",
    "workers",
    "lock-pulse",
    "vanished-worker",
    "past-timeout",
    "flow-tree",
    "flows-in-flight",
    "retry-failed-leaves",
    "remove-unprocessed-children",
    "remove-flow",
    "priorities",
    "deduplication-keys",
    "batches",
    "dead-letters",
    "add-several",
)


def mutations() -> tuple[str, ...]:
    """Every mutation that any contract names, and every bulk action (`bulk-retry`, …)."""
    known = {verb for contract in CONTRACTS.values() for verb in contract.verbs}
    single = [*(verb for verb in VERBS if verb in known), *sorted(known - set(VERBS))]
    return (*single, *(f"bulk-{action}" for action in Action))


def rows() -> tuple[str, ...]:
    """Every row of both tables."""
    return (*mutations(), *FEATURES)


def label(library: Library) -> str:
    """bullmq 5.81"""
    return f"{library.package} {'.'.join(library.version.split('.')[:2])}"


def write(proofs: Sequence[Proof], scenarios: int) -> None:
    """Put what was proved in place of what stood there."""
    PAGE.write_text(renewed(PAGE.read_text(), proofs, scenarios))


def renewed(page: str, proofs: Sequence[Proof], scenarios: int) -> str:
    """The page with the cells that these proofs renew, and all others as they were."""
    before, _, rest = page.partition(BEGIN)
    written, _, after = rest.partition(END)
    cells = {**kept(written), **_proved(proofs)}
    last = _LAST.search(written)
    run = f"Last whole run: {len(proofs):,} proofs, and {scenarios:,} generated scenarios lived twice and compared."
    lines = [
        *(last[0] if last and lacking(proofs) else run, ""),
        *_table("mutation", mutations(), cells),
        *(("", *_table("feature", FEATURES, cells)) if FEATURES else ()),
        *("", *_reasons(cells), "", *_backing(cells)),
    ]
    return before + BEGIN + "\n\n" + "\n".join(lines) + "\n\n" + END + after


def kept(written: str) -> Cells:
    """The cells that stand on the page, as far as a test is named for them."""
    names = {label(library): library.alias for library in LIBRARIES}
    words = {word: cell for cell, word in WORDS.items()}
    said: dict[tuple[str, str], Cell] = {}
    columns: list[str] = []
    for first, rest in _ROW.findall(written):
        parts = rest.split(" | ")
        if first in ("mutation", "feature"):
            columns = parts
        said |= {(first, name): words[word] for name, word in zip(columns, parts, strict=False) if word in words}
    because = {(verb, name): why for verb, on, why in _REASON.findall(written) for name in on.split(", ")}
    return {
        (verb, names[name]): Shown(said[verb, name], test, int(more or 0), because.get((verb, name), ""))
        for name, verb, test, more in _PROVED.findall(written)
        if name in names and (verb, name) in said
    }


def lacking(proofs: Sequence[Proof]) -> list[str]:
    """The cells that none of these proves."""
    proved = {(proof.verb, proof.alias) for proof in proofs}
    return [f"{verb} on {label(each)}" for verb in rows() for each in LIBRARIES if (verb, each.alias) not in proved]


def unbacked(page: str) -> list[str]:
    """The cells that the page names no test for."""
    known = kept(page)
    return [f"{verb} on {label(each)}" for verb in rows() for each in LIBRARIES if (verb, each.alias) not in known]


def backed() -> dict[tuple[str, str], str]:
    """The test that the page names for each verb and library."""
    return {cell: shown.test for cell, shown in kept(PAGE.read_text()).items()}


def _proved(proofs: Sequence[Proof]) -> Cells:
    found: dict[tuple[str, str], list[Proof]] = defaultdict(list)
    for proof in proofs:
        found[proof.verb, proof.alias].append(proof)
    return {place: _shown(some) for place, some in found.items()}


def _shown(proofs: Sequence[Proof]) -> Shown:
    """A single failure shows; a refusal of some jobs among what works does not."""
    said = {proof.cell for proof in proofs}
    cell = next(cell for cell in (Cell.FAILS, Cell.WORKS, Cell.REFUSED, Cell.ABSENT) if cell in said)
    tests = [proof.test for proof in proofs if proof.cell is cell]
    because = next((proof.because for proof in proofs if proof.because), "")
    return Shown(cell, min(tests, key=lambda test: (len(test), test)), len(tests) - 1, " ".join(because.split()))


def _table(title: str, verbs: Sequence[str], cells: Cells) -> Iterator[str]:
    yield f"| {title} | {' | '.join(map(label, LIBRARIES))} |"
    yield "| --- |" + " --- |" * len(LIBRARIES)
    for verb in verbs:
        found = (cells.get((verb, library.alias)) for library in LIBRARIES)
        yield f"| {verb} | {' | '.join(WORDS[shown.cell] if shown else 'not tested' for shown in found)} |"


def _reasons(cells: Cells) -> Iterator[str]:
    yield "## What is said where it is refused"
    yield ""
    for verb in rows():
        said: dict[str, list[str]] = defaultdict(list)
        for library in LIBRARIES:
            shown = cells.get((verb, library.alias))
            if shown and shown.cell in (Cell.REFUSED, Cell.ABSENT):
                said[shown.because].append(label(library))
        for because, libraries in said.items():
            yield f"- **{verb}** on {', '.join(libraries)}: {because}"


def _backing(cells: Cells) -> Iterator[str]:
    yield "## Which test proves which cell"
    for verb in rows():
        yield from ("", f"### {verb}", "")
        for library in LIBRARIES:
            if shown := cells.get((verb, library.alias)):
                more = f" and {shown.more} more" if shown.more else ""
                yield f"- {label(library)} on {verb}: `{shown.test}`{more}"
