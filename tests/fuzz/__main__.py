"""Asks everything that the OpenAPI document allows, and what it does not, and holds each answer against it.

bin/fuzz [--minutes 5] [--seed 1] [--examples 50] [--phases coverage,fuzzing,stateful]
"""

from __future__ import annotations

import argparse
import sys

from tests.fuzz.calls import PHASES, Plan, fuzz
from tests.fuzz.served import tickbird


def main() -> int:
    asked = _arguments()
    plan = Plan(asked.seed, round(asked.minutes * 60), asked.examples, tuple(asked.phases.split(",")))
    with tickbird() as served:
        account = fuzz(served, plan)
        faults = served.faults
    for line in account.summary():
        print(line)
    print(f"{len(faults)} faults in Tickbird's own log", *faults[:10], sep="\n  ")
    return 1 if account.failures or account.errors or faults else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Fuzzes the API of a real Tickbird on a real Redis.")
    parser.add_argument("--minutes", type=float, default=5, help="stop after so long; 0: when everything was asked")
    parser.add_argument("--seed", type=int, default=1, help="the same seed asks the same")
    parser.add_argument("--examples", type=int, default=50, help="of each operation in each phase")
    parser.add_argument("--phases", default=",".join(PHASES), help="some of them, with commas between")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
