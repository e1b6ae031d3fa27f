"""Fleets of every library at once, and what came of them: `bin/soak` from a shell, tests/interop/test_soak.py in CI."""

from __future__ import annotations

import argparse
import asyncio
from collections import Counter
from collections.abc import Sequence

from tests.interop.soak_account import Account, noting
from tests.interop.soak_fleet import ALONE, MIXED, Fleet, Pace, Soak, soak
from tickbird.demo.server import EmbeddedServer

COLUMNS = ("jobs", "acts", "refused", "agreed", "removed", "unsure")


async def soak_all(fleets: Sequence[Fleet], port: int, pace: Pace) -> list[Soak]:
    """All at the same time, each with a Node process and a queue of its own."""
    accounts: dict[bytes, Account] = {}
    with noting(accounts):
        return await asyncio.gather(*(soak(fleet, port, pace, accounts) for fleet in fleets))


def report(soaks: Sequence[Soak]) -> str:
    """A line for each fleet, then all acts and refusals, then every fault."""
    acts, refused = Counter[str](), Counter[str]()
    lines = [f"{'fleet':34} {'s':>5} " + " ".join(f"{name:>7}" for name in COLUMNS) + " faults"]
    for each in soaks:
        account = each.account
        acts, refused = acts + account.acts, refused + account.refused
        numbers = (len(account.runs), account.acts.total(), account.refused.total(), account.agreed)
        figures = " ".join(f"{number:7}" for number in (*numbers, len(account.removed), len(account.unsure)))
        lines.append(f"{each.fleet!s:34} {each.seconds:5.0f} {figures} {len(account.faults)}")
    jobs = sum(len(each.account.runs) for each in soaks)
    lines.append(
        f"all: {jobs} jobs, {acts.total()} acts: " + ", ".join(f"{n} {verb}" for verb, n in acts.most_common())
    )
    lines.append("refused: " + ", ".join(f"{n} {why}" for why, n in refused.most_common()))
    lines += [f"FAULT {each.fleet}: {fault}" for each in soaks for fault in each.account.faults]
    return "\n".join(lines)


def main() -> None:
    """Ends with 1 where there is a fault."""
    parser = argparse.ArgumentParser(prog="bin/soak", description="Random acts beside live workers of every library.")
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--rest", type=float, default=0.3, help="seconds between rounds of acts")
    parser.add_argument("--only", default="", help="fleets whose name holds this")
    told = parser.parse_args()
    fleets = [fleet for fleet in (*ALONE, *MIXED) if told.only in str(fleet)]
    with EmbeddedServer.start(None, "--maxmemory", "8gb") as server:
        soaks = asyncio.run(soak_all(fleets, server.port, Pace(told.minutes * 60, rest=told.rest)))
    print(report(soaks))
    raise SystemExit(any(each.account.faults for each in soaks))


if __name__ == "__main__":
    main()
