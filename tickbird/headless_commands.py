"""The commands for terminals and scripts that look at queues and jobs, or act on single ones."""

from __future__ import annotations

import json
import sys
from typing import Any

import click

from core.errors import Invalid
from tickbird import headless_bulk_commands
from tickbird.headless_options import STATE, command, run


@command()
def queues(settings: Any, *, as_json: bool) -> int:
    """Every queue with its counts and its verdict."""
    return run(settings, "queues", as_json=as_json)


@command()
@click.argument("queue")
@click.option("--state", type=STATE, required=True)
@click.option("--order", type=click.Choice(["newest", "oldest"]), default="newest", show_default=True)
@click.option("--limit", type=click.IntRange(1, 500), default=50, show_default=True)
@click.option("--cursor", help="Where the page before ended.")
def jobs(settings: Any, *, as_json: bool, queue: str, **page: Any) -> int:
    """The jobs of a state. QUEUE is a name, PREFIX:NAME or INSTANCE/PREFIX/NAME."""
    return run(settings, "jobs", as_json=as_json, queue=queue, **page)


@command()
@click.argument("queue")
@click.argument("job_id")
def job(settings: Any, *, as_json: bool, queue: str, job_id: str) -> int:
    """One job in full."""
    return run(settings, "job", as_json=as_json, queue=queue, job_id=job_id)


@command()
@click.argument("queue")
@click.argument("name")
@click.argument("data", default="{}")
@click.option(
    "--options", default="{}", help='Options by BullMQ\'s own names, as JSON: {"delay": 5000, "attempts": 3}.'
)
def add(settings: Any, *, as_json: bool, queue: str, **job: str) -> int:
    """Add a job. DATA is JSON; - reads it from standard input."""
    from core.mutations.adding import NewJob  # noqa: PLC0415 # as in `run`

    made = NewJob(job["name"], _read(job["data"]), _object(job["options"]))
    return run(settings, "add", as_json=as_json, queue=queue, job=made)


@command()
@click.argument("queue")
@click.argument("job_id")
@click.argument("data", required=False)
def edit(settings: Any, *, as_json: bool, queue: str, job_id: str, data: str | None) -> int:
    """Give a job other data. DATA is JSON; - reads it from standard input, none opens an editor."""
    written = None if data is None else _read(data)
    return run(settings, "edit", as_json=as_json, queue=queue, job_id=job_id, data=written)


def _read(data: str) -> str:
    return sys.stdin.read() if data == "-" else data


def _object(said: str) -> dict[str, object]:
    try:
        value = json.loads(said)
    except ValueError as error:
        raise Invalid(f"--options is no JSON: {error}.") from None
    if not isinstance(value, dict):
        raise Invalid("--options is a JSON object.")
    return value


COMMANDS = (queues, jobs, job, add, edit, *headless_bulk_commands.COMMANDS)
