"""`python -m tickbird.demo.fleet --redis URL`: the company's producers and workers, without a dashboard."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys

from redis.exceptions import RedisError

from tickbird.demo import lifeline
from tickbird.demo.fleet.company import QUEUES, Company
from tickbird.demo.fleet.plan import Plan

HELP_QUEUES = f"so many queues in all: the company's own {len(QUEUES)}, and tenants' for the rest"


def main() -> None:
    options = _options()
    # Nothing is worth keeping: Ctrl-C ends the fleet at once, and without a traceback for each worker.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if options.end_with_parent:
        lifeline.end_with_parent()
    plan = Plan(
        redis_url=options.redis,
        jobs_per_second=options.jobs_per_second,
        queues=options.queues,
        seed=options.seed,
    )
    try:
        asyncio.run(_run(plan))
    except ExceptionGroup as errors:
        lost, others = errors.split(RedisError)
        if others:
            raise
        sys.exit(f"The fleet needs a Redis that answers while it starts: {_innermost(lost)}")


async def _run(plan: Plan) -> None:
    await Company(plan).run()


def _innermost(error: BaseException | None) -> BaseException | None:
    return _innermost(error.exceptions[0]) if isinstance(error, BaseExceptionGroup) else error


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tickbird.demo.fleet", description=__doc__)
    parser.add_argument("--redis", required=True, metavar="URL")
    parser.add_argument("--jobs-per-second", type=float, default=5.0, metavar="N")
    parser.add_argument("--queues", type=int, default=0, metavar="N", help=HELP_QUEUES)
    parser.add_argument("--seed", default="tickbird")
    parser.add_argument("--end-with-parent", action="store_true", help="end when stdin does")
    return parser.parse_args()


if __name__ == "__main__":
    main()
