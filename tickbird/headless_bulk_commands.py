"""The commands for terminals and scripts that act on many jobs or queues, each previewed first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from core.errors import Invalid
from core.model import State
from core.operations.request import Action, Options
from tickbird.chosen import Wanted
from tickbird.headless_options import STATE, Span, command, run

_REASON = click.option("--reason", default="", help="Why, for the record.")
_LIMIT = click.option("--limit", type=click.IntRange(1), help="The most jobs of each queue.")
_GRACE = click.option("--grace", type=Span(), default=0, help="Leave jobs younger than this: 90s, 15m, 2h, 7d, or ms.")
_KEEP = click.option("--keep", type=click.IntRange(0), default=0, help="Leave so many of the newest of each queue.")
_QUERY = click.option("--query", default="", help="Only the jobs that fit these words: 'reason:ECONNRESET age:>1h'.")
_RATE = click.option("--rate", type=click.IntRange(1), help="The most jobs a second.")
_TOLERANCE = click.option(
    "--tolerance", type=click.IntRange(0, 100), default=10, show_default=True, help="Stop if the count drifts, in %."
)
_CANARY = click.option(
    "--canary", type=click.IntRange(0, 100), default=0, help="So many go first; go on only if they complete."
)
_CANARY_WAIT = click.option(
    "--canary-wait", type=Span(), default=60_000, help="How long those may take: 90s, 15m; a minute unless told."
)
_YES = click.option("--yes", is_flag=True, help="Do not ask.")
_DRY_RUN = click.option("--dry-run", is_flag=True, help="Only count what it would touch.")
_QUEUES = click.argument("queues", nargs=-1)
_ALL = click.option("--all", "everything", is_flag=True, help="Every queue.")
_NAMED = "Each of QUEUES is a name, a pattern such as 'email*', PREFIX:NAME or INSTANCE/PREFIX/NAME."


def _bulk_options(body: Callable[..., int]) -> Callable[..., int]:
    return _REASON(_DRY_RUN(_YES(body)))


def _on_jobs(action: Action, about: str, *options: Callable[..., Any]) -> click.Command:
    """Named jobs of one queue, or with --all all jobs of a state, in as many queues as a pattern names."""

    @click.argument("queue")
    @click.argument("job_ids", nargs=-1)
    @click.option("--all", "everything", is_flag=True, help="All jobs of --state, instead of ids.")
    @click.option("--state", type=STATE)
    @_LIMIT
    @_QUERY
    @_RATE
    @_TOLERANCE
    @_bulk_options
    def body(
        settings: Any, *, as_json: bool, queue: str, job_ids: tuple[str, ...], everything: bool, **said: Any
    ) -> int:
        by_scope = everything or bool(said["query"])
        if by_scope == bool(job_ids):
            raise Invalid("Name jobs, or say --query, or --all and --state.")
        if not by_scope and said["dry_run"]:
            raise Invalid("--dry-run counts with --all only.", "`tickbird job` tells what can be done to one.")
        if not by_scope:
            return run(settings, "on_jobs", as_json=as_json, verb=action.value, queue=queue, job_ids=job_ids)
        if said["state"] is None and not said["query"]:
            raise Invalid("--all needs --state.")
        return _bulk(settings, action, (queue,), as_json=as_json, **said)

    for option in options:
        body = option(body)
    body.__doc__ = (
        f"{about} QUEUE is a name, with --all or --query also a pattern such as 'email*', or INSTANCE/PREFIX/NAME."
    )
    return command(action.value)(body)


def _on_queues(action: Action, about: str, *options: Callable[..., Any], asks: bool = True) -> click.Command:
    """Named queues, those that patterns name, or all. Without `asks`, queues that were named are not asked about."""

    @_QUEUES
    @_ALL
    @_bulk_options
    def body(settings: Any, *, as_json: bool, queues: tuple[str, ...], everything: bool, **said: Any) -> int:
        if everything == bool(queues):
            raise Invalid("Name queues, or say --all.")
        said["yes"] = said["yes"] or not (asks or everything)
        return _bulk(settings, action, None if everything else queues, as_json=as_json, **said)

    for option in options:
        body = option(body)
    body.__doc__ = f"{about} {_NAMED}"
    return command(action.value)(body)


def _bulk(settings: Any, action: Action, queues: tuple[str, ...] | None, *, as_json: bool, **said: Any) -> int:
    how = {name: said.pop(name) for name in ("yes", "dry_run")}
    state, reason, query = said.pop("state", None), said.pop("reason"), said.pop("query", "")
    to = said.pop("to", "")
    wanted = Wanted(action, queues, State(state) if state else None, Options(**said), reason, query, to)
    return run(settings, "in_bulk", as_json=as_json, wanted=wanted, **how)


COMMANDS = (
    _on_jobs(
        Action.RETRY,
        "Run failed or completed jobs again.",
        click.option("--reset-attempts", is_flag=True, help="With all their attempts anew."),
        *(_CANARY, _CANARY_WAIT),
    ),
    _on_jobs(Action.PROMOTE, "Run delayed jobs now.", _CANARY, _CANARY_WAIT),
    _on_jobs(Action.REMOVE, "Remove jobs for good."),
    _on_queues(
        Action.CLEAN,
        "Remove the jobs of a state that are old enough.",
        *(_KEEP, _LIMIT, _GRACE, _QUERY, _RATE, _TOLERANCE, click.option("--state", type=STATE, required=True)),
    ),
    _on_queues(
        Action.CHANGE_PRIORITY,
        "Give jobs that are still to run another priority: 0 for none, else smaller is sooner.",
        *(_QUERY, _LIMIT, _RATE, _TOLERANCE),
        click.option("--state", type=STATE, required=True),
        click.option("--priority", type=click.IntRange(0), required=True),
    ),
    _on_queues(
        Action.CHANGE_DELAY,
        "Let delayed jobs become due at another time.",
        *(_QUERY, _LIMIT, _RATE, _TOLERANCE),
        click.option("--delay", type=Span(), required=True, help="From when it begins: 90s, 15m, 2h, or ms."),
    ),
    _on_queues(
        Action.MOVE,
        "Move jobs to another queue of their Redis, each exactly once.",
        *(_QUERY, _LIMIT, _RATE, _TOLERANCE),
        click.option("--state", type=STATE, required=True),
        click.option("--to", required=True, help="Their new queue: a name, PREFIX:NAME or INSTANCE/PREFIX/NAME."),
    ),
    _on_queues(
        Action.DRAIN,
        "Remove all jobs that are ready to run: waiting, paused and prioritized.",
        click.option("--delayed", is_flag=True, help="Delayed jobs too."),
    ),
    _on_queues(Action.PAUSE, "Let no worker take jobs of these queues.", asks=False),
    _on_queues(Action.RESUME, "Let workers take jobs of these queues again.", asks=False),
    _on_queues(
        Action.OBLITERATE,
        "Remove queues with everything in them.",
        click.option("--force", is_flag=True, help="Though workers hold jobs of them."),
    ),
    _on_queues(Action.DROP_GHOSTS, "Take ids out of the lists whose job is gone from Redis."),
)
