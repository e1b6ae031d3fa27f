"""docs/metrics.md and the catalogue say the same. `python -m tests.exporter.test_docs` prints the tables to paste."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from prometheus_client import ProcessCollector

from exporter.catalogue import EXPORTER, FAMILIES, INSTANCE, NAMED, QUEUE, SEEN
from exporter.family import Kind, Named, Several, Single, Spread
from exporter.health import LONGEST_FRESH
from exporter.labels import LONGEST

DOCUMENT = Path(__file__).parents[2] / "docs" / "metrics.md"
SECTIONS: dict[str, Sequence[Named]] = {
    "A queue": QUEUE,
    "The jobs of a queue": SEEN,
    "Each job name": NAMED,
    "A Redis": INSTANCE,
    "The exporter": EXPORTER,
}


def row(family: Named) -> str:
    assert isinstance(family, Single | Several | Spread)
    labels = ", ".join(f"`{label}`" for label in family.labels)
    return f"| `{family.name}` | {family.kind} | {labels} | {family.about} | {family.absent or 'never'} |"


def documented(section: str) -> list[str]:
    """The rows of the first table under a heading."""
    text = DOCUMENT.read_text("utf-8").split(f"\n## {section}\n", 1)[1].split("\n## ", 1)[0]
    return [line for line in text.splitlines() if line.startswith("| `")]


@pytest.mark.parametrize("section", SECTIONS)
def test_every_metric_is_documented_as_it_is(section: str) -> None:
    assert documented(section) == [row(family) for family in SECTIONS[section]]


def test_what_prometheus_client_tells_of_the_process_is_documented() -> None:
    documented = DOCUMENT.read_text("utf-8")
    collected = [metric.name for metric in ProcessCollector(registry=None).collect()]

    assert collected
    assert [name for name in collected if f"`{name}" not in documented] == []


def test_the_document_states_the_limits_that_are_in_force() -> None:
    documented = DOCUMENT.read_text("utf-8")

    assert f"{LONGEST_FRESH // 1000} seconds" in documented
    assert f"{LONGEST} characters" in documented


def test_names_follow_the_conventions() -> None:
    for family in FAMILIES:
        assert family.name.startswith("bullmq_")
        assert family.name.endswith("_total") == (family.kind is Kind.COUNTER)
        assert family.name.endswith("_info") == (family.kind is Kind.INFO)
        assert not family.name.endswith(("_milliseconds", "_ms", "_minutes"))
        assert family.about.endswith(".")
        assert "\n" not in family.about
        assert not set('"\\|') & set(family.about + family.absent)


def test_no_name_is_given_twice() -> None:
    names = [family.name for family in FAMILIES]
    assert len(names) == len(set(names))


if __name__ == "__main__":
    for title, families in SECTIONS.items():
        print(f"## {title}", *map(row, families), sep="\n")
