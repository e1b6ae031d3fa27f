"""The commands for terminals and scripts: look at queues and jobs, and act on one or on many."""

from __future__ import annotations

import functools
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from core.errors import Invalid
from core.model import STATES, State
from core.operations.request import Action, Options
from tickbird.chosen import Wanted
from tickbird.options import redis_options, settings_of, speaks_plainly

_UNITS = {"": 1, "ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


class Span(click.ParamType[int]):
    """A length of time: 90s, 15m, 2h, 7d, or milliseconds. In milliseconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        found = re.fullmatch(r"([0-9]{1,12})(ms|s|m|h|d|)", str(value))
        if found is None:
            self.fail(f"{value!r} is not a length of time such as 90s, 15m, 2h or 7d.", param, ctx)
        return int(found[1]) * _UNITS[found[2]]


_STATE = click.Choice([state.value for state in STATES])
_YES = click.option("--yes", is_flag=True, help="Do not ask.")
_REASON = click.option("--reason", default="", help="Why, for the record.")
_LIMIT = click.option("--limit", type=click.IntRange(1), help="The most jobs.")
_GRACE = click.option("--grace", type=Span(), default=0, help="Leave jobs younger than this: 90s, 15m, 2h, 7d, or ms.")
_KEEP = click.option("--keep", type=click.IntRange(0), default=0, help="Leave so many of the newest.")


def _run(settings: Any, work: str, **said: Any) -> int:
    from tickbird import headless  # noqa: PLC0415 # its JSON is the API's: not loaded to print a version

    return headless.run(settings, getattr(headless, work), **said)


def _command(name: str | None = None) -> Callable[[Callable[..., Any]], click.Command]:
    """A command with `--redis`, `--config` and `--json`, that ends with the exit code its body returns."""

    def wrap(body: Callable[..., int]) -> click.Command:
        @click.pass_context
        @functools.wraps(body)
        def run(context: click.Context, /, *, config: Path | None, redis: tuple[str, ...], **said: Any) -> None:
            try:
                code = body(settings_of(config, {"redis": redis}), **said)
            except Invalid as error:
                raise click.UsageError(str(error), context) from error
            sys.exit(code)

        asked = click.option("--json", "as_json", is_flag=True, help="Print JSON.")(redis_options(speaks_plainly(run)))
        return click.command(name or body.__name__, help=body.__doc__)(asked)

    return wrap


@_command()
def queues(settings: Any, *, as_json: bool) -> int:
    """Every queue with its counts and its verdict."""
    return _run(settings, "queues", as_json=as_json)


@_command()
@click.argument("queue")
@click.option("--state", type=_STATE, required=True)
@click.option("--order", type=click.Choice(["newest", "oldest"]), default="newest", show_default=True)
@click.option("--limit", type=click.IntRange(1, 500), default=50, show_default=True)
@click.option("--cursor", help="Where the page before ended.")
def jobs(settings: Any, *, as_json: bool, queue: str, **page: Any) -> int:
    """The jobs of a state. QUEUE is a name, PREFIX:NAME or INSTANCE/PREFIX/NAME."""
    return _run(settings, "jobs", as_json=as_json, queue=queue, **page)


@_command()
@click.argument("queue")
@click.argument("job_id")
def job(settings: Any, *, as_json: bool, queue: str, job_id: str) -> int:
    """One job in full."""
    return _run(settings, "job", as_json=as_json, queue=queue, job_id=job_id)


def _on_jobs(action: Action, about: str) -> click.Command:
    @click.argument("queue")
    @click.argument("job_ids", nargs=-1)
    @click.option("--all", "everything", is_flag=True, help="All jobs of --state, instead of ids.")
    @click.option("--state", type=_STATE)
    @_LIMIT
    @_REASON
    @_YES
    def body(
        settings: Any, *, as_json: bool, queue: str, job_ids: tuple[str, ...], everything: bool, **said: Any
    ) -> int:
        if everything == bool(job_ids):
            raise Invalid("Name jobs, or say --all and --state.")
        if not everything:
            return _run(settings, "on_jobs", as_json=as_json, verb=action, queue=queue, job_ids=job_ids)
        if said["state"] is None:
            raise Invalid("--all needs --state.")
        return _bulk(settings, action, (queue,), as_json=as_json, **said)

    body.__doc__ = f"{about} QUEUE is a name, PREFIX:NAME or INSTANCE/PREFIX/NAME."
    return _command(action.value)(body)


@_command()
@click.argument("queue")
@click.option("--state", type=_STATE, required=True)
@_GRACE
@_LIMIT
@_KEEP
@_REASON
@_YES
def clean(settings: Any, *, as_json: bool, queue: str, **said: Any) -> int:
    """Remove the jobs of a state that are old enough."""
    return _bulk(settings, Action.CLEAN, (queue,), as_json=as_json, **said)


@_command()
@click.argument("queue")
@click.option("--delayed", is_flag=True, help="Delayed jobs too.")
@_REASON
@_YES
def drain(settings: Any, *, as_json: bool, queue: str, **said: Any) -> int:
    """Remove all jobs that are ready to run: waiting, paused and prioritized."""
    return _bulk(settings, Action.DRAIN, (queue,), as_json=as_json, **said)


def _on_queues(action: Action, about: str) -> click.Command:
    @click.argument("queues", nargs=-1)
    @click.option("--all", "everything", is_flag=True, help="Every queue.")
    @_REASON
    @_YES
    def body(settings: Any, *, as_json: bool, queues: tuple[str, ...], everything: bool, **said: Any) -> int:
        if everything == bool(queues):
            raise Invalid("Name queues, or say --all.")
        # Named one by one, they were chosen; everything at once is asked about.
        said["yes"] = said["yes"] or not everything
        return _bulk(settings, action, None if everything else queues, as_json=as_json, **said)

    body.__doc__ = f"{about} Each is a name, PREFIX:NAME or INSTANCE/PREFIX/NAME."
    return _command(action.value)(body)


def _bulk(settings: Any, action: Action, queues: tuple[str, ...] | None, *, as_json: bool, **said: Any) -> int:
    state, reason, yes = said.pop("state", None), said.pop("reason"), said.pop("yes")
    wanted = Wanted(action, queues, State(state) if state else None, Options(**said), reason)
    return _run(settings, "in_bulk", as_json=as_json, wanted=wanted, yes=yes)


COMMANDS = (
    queues,
    jobs,
    job,
    _on_jobs(Action.RETRY, "Run failed or completed jobs again."),
    _on_jobs(Action.PROMOTE, "Run delayed jobs now."),
    _on_jobs(Action.REMOVE, "Remove jobs for good."),
    clean,
    drain,
    _on_queues(Action.PAUSE, "Let no worker take jobs of these queues."),
    _on_queues(Action.RESUME, "Let workers take jobs of these queues again."),
)
