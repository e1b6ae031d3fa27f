"""A second worker of `import`, in a process of its own, which kills itself in the middle of its work.

`python -m tickbird.demo.fleet.importer --redis URL --seed SEED --life N`, started by the company, life by life.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
from itertools import count

from bullmq import Job, Worker

from tickbird.demo import lifeline
from tickbird.demo.fleet import imports
from tickbird.demo.fleet.desk import Json, Shift
from tickbird.demo.fleet.live import processor
from tickbird.demo.fleet.plan import Plan


async def work_until_death(plan: Plan, life: int) -> None:
    """Works on imports, two at a time, and dies a few seconds into one of them."""
    fate = plan.luck("importer", life)
    # The first life is short, so that whoever looks at the demo soon sees a stalled job.
    last_job, seconds_left = (1, 2.5) if life == 1 else (fate.randint(2, 5), fate.uniform(3, 9))
    started = count(1)

    async def import_and_perhaps_die(job: Job, shift: Shift) -> Json:
        if next(started) == last_job:
            asyncio.get_running_loop().call_later(seconds_left, os.kill, os.getpid(), signal.SIGKILL)
        return await imports.import_csv(job, shift)

    process = processor(import_and_perhaps_die, plan, "import")
    options = {**imports.OPTIONS, "name": f"importer-2-{life}", "concurrency": 2, "autorun": False}
    await Worker("import", process, {**options, "connection": plan.connection()}).run()


def main() -> None:
    lifeline.end_with_parent()
    parser = argparse.ArgumentParser()
    parser.add_argument("--redis", required=True)
    parser.add_argument("--seed", required=True)
    parser.add_argument("--life", type=int, required=True)
    options = parser.parse_args()
    plan = Plan(redis_url=options.redis, jobs_per_second=0, queues=0, seed=options.seed)
    asyncio.run(work_until_death(plan, options.life))


if __name__ == "__main__":
    main()
