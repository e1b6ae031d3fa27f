"""Looks for bytes that break a parser by what they make it do: coverage-guided, with atheris (not one of our
dependencies: `pip install atheris` into an environment of its own).

    python -m tests.fuzz.guided TARGET [-max_total_time=180 …]
"""

from __future__ import annotations

import importlib
import sys


def main() -> None:
    atheris = importlib.import_module("atheris")
    with atheris.instrument_imports(include=["core", "dashboard"]):
        targets = importlib.import_module("tests.fuzz.targets").TARGETS
    name = sys.argv.pop(1)
    atheris.Setup(sys.argv, targets[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
