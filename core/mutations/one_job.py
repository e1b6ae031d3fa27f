"""One verb on one job: forecast, run, and turned into an error where the script refused."""

from __future__ import annotations

from core.instance import Instance
from core.model import Queue
from core.mutations.act import Act, Answer, Option
from core.mutations.permits import check
from core.mutations.refusals import refusal
from core.mutations.sentences import of_job


async def act_on_job(instance: Instance, queue: Queue, verb: str, job_id: str, *options: Option) -> Answer:
    """What the script says of the job, which is `ok`; every other answer is raised with its sentence."""
    check(queue, verb)
    (answer,) = await Act(instance, queue, verb, options).on_jobs([job_id])
    if answer.code != "ok":
        raise refusal(verb, of_job(queue, job_id), answer)
    return answer
