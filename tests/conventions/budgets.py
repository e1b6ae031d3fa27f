"""How large things may get here. `python -m tests.conventions.budgets` prints the figures and who is over.

Two kinds: a limit fails the tests; an aim is only reported.
"""

from __future__ import annotations

import ast
import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.conventions.tree import PRODUCT, files, own, text

MODULE_LINES = 300
FUNCTION_LINES = 60
STYLE_LINES = 150
PARAMETERS = 5

MODULE_MEDIAN = 120
FUNCTION_MEDIAN = 6
FUNCTION_P95 = 30
TEMPLATE_LINES = 80
SCRIPT_LINES = 400
COMMENTS_PER_100 = 6


@dataclass(frozen=True, slots=True)
class Measured:
    """Something with a size: where it is, and how many lines (or parameters) it has."""

    where: str
    size: int

    def __str__(self) -> str:
        return f"{self.where}: {self.size}"


def lengths(paths: list[Path]) -> list[Measured]:
    return [Measured(str(path), len(text(path).splitlines())) for path in own(paths)]


def modules() -> list[Path]:
    return files(suffix=".py")


def stylesheets() -> list[Path]:
    return [path for path in files("static", suffix=".css") if "components" in path.parts]


def definitions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(text(path))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def functions(paths: list[Path]) -> list[Measured]:
    return [
        Measured(f"{path}:{node.lineno} {node.name}", (node.end_lineno or node.lineno) - node.lineno + 1)
        for path in paths
        for node in definitions(path)
    ]


def parameters(paths: list[Path]) -> list[Measured]:
    """How many arguments a caller has to think of, for each function."""
    return [
        Measured(f"{path}:{node.lineno} {node.name}", _accepted(node.args))
        for path in paths
        for node in definitions(path)
    ]


def _accepted(arguments: ast.arguments) -> int:
    names = [a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    return len([name for name in names if name not in ("self", "cls")])


def over(limit: int, measured: list[Measured]) -> list[Measured]:
    return sorted((m for m in measured if m.size > limit), key=lambda m: -m.size)


def comment_rate() -> float:
    """Lines that are only a comment, for each hundred other lines of the product that are not blank."""
    lines = [line.strip() for path in files(*PRODUCT, suffix=".py") for line in text(path).splitlines()]
    comments = sum(line.startswith("#") for line in lines)
    return 100 * comments / max(1, sum(bool(line) for line in lines) - comments)


def report() -> list[str]:
    """The figures of the product, one a line, each with its aim and the largest that are over it."""
    product = files(*PRODUCT, suffix=".py")
    sizes = sorted(m.size for m in lengths(product) if m.size)
    spans = sorted(m.size for m in functions(product))
    scripts = lengths(files("static", suffix=".js"))
    return [
        f"modules      {len(sizes)}, median {_median(sizes):.0f} lines (aim: under {MODULE_MEDIAN})",
        f"functions    {len(spans)}, median {_median(spans):.0f} lines (about {FUNCTION_MEDIAN}),"
        f" p95 {_percentile(spans, 95)} (under {FUNCTION_P95})",
        f"comments     {comment_rate():.1f} per 100 lines (2 to {COMMENTS_PER_100})",
        f"own scripts  {sum(m.size for m in scripts)} lines in all (aim: under {SCRIPT_LINES})",
        *_offenders("templates", TEMPLATE_LINES, lengths(files("templates", suffix=".html"))),
        *_offenders("parameters", PARAMETERS, parameters(product)),
    ]


def _median(sizes: list[int]) -> float:
    return statistics.median(sizes) if sizes else 0


def _percentile(sizes: list[int], percent: int) -> int:
    return sizes[len(sizes) * percent // 100] if sizes else 0


def _offenders(name: str, limit: int, measured: list[Measured]) -> list[str]:
    offenders = over(limit, measured)
    return [f"{name:<12} {len(offenders)} of {len(measured)} over {limit}", *(f"    {m}" for m in offenders)]


if __name__ == "__main__":
    print(*report(), sep="\n")
