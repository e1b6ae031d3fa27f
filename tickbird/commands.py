"""The commands and their options. What they do lies in the module of the same name."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from tickbird import __version__
from tickbird.headless_commands import COMMANDS
from tickbird.options import redis_options, settings_of, speaks_plainly


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="tickbird %(version)s")
def tickbird() -> None:
    """Watch and operate every Bull and BullMQ queue in your Redis.

    BullMQ 6's PostgreSQL backend keeps nothing in Redis and cannot be seen from here.
    """


def _listen_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(
        (
            click.option("--host", help="The address to listen on (127.0.0.1)."),
            click.option("--port", type=click.IntRange(0, 65535), help="The port to listen on; 0 takes a free one."),
        )
    ):
        command = option(command)
    return command


def _dashboard_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(
        (
            click.option("--base-path", help="Where the pages live (/admin/queues)."),
            click.option("--read-only", is_flag=True, default=None, help="Refuse every action."),
            click.option(
                "--insecure-no-auth", is_flag=True, default=None, help="Allow a public address without a login."
            ),
        )
    ):
        command = option(command)
    return _listen_options(command)


@tickbird.command()
@redis_options
@_dashboard_options
@speaks_plainly
def serve(config: Path | None, **flags: Any) -> None:
    """Dashboard and exporter in one process."""
    from tickbird.serve import serve_all  # noqa: PLC0415 # loads the web only when it is served

    serve_all(settings_of(config, flags))


@tickbird.command()
@redis_options
@_dashboard_options
@speaks_plainly
def dashboard(config: Path | None, **flags: Any) -> None:
    """The dashboard alone, without /metrics."""
    from tickbird.serve import serve_dashboard  # noqa: PLC0415 # loads the web only when it is served

    serve_dashboard(settings_of(config, flags))


@tickbird.command()
@redis_options
@_listen_options
@click.option("--shard", type=click.IntRange(0), help="Which of several exporters this is, from 0 (0).")
@click.option("--total-shards", type=click.IntRange(1), help="How many exporters share the queues (1).")
@speaks_plainly
def exporter(
    config: Path | None, host: str | None, port: int | None, shard: int | None, total_shards: int | None, **flags: Any
) -> None:
    """The Prometheus exporter alone, on its own port (9809)."""
    from tickbird.serve import serve_exporter  # noqa: PLC0415 # loads the web only when it is served

    shared = {"exporter_shard": shard, "exporter_total_shards": total_shards}
    serve_exporter(settings_of(config, {**flags, **shared, "exporter_host": host, "exporter_port": port}))


@tickbird.command()
@redis_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@speaks_plainly
def doctor(config: Path | None, *, as_json: bool, **flags: Any) -> None:
    """Check the connection, permissions, eviction policy, and which queues are found. Exits 1 on trouble."""
    from tickbird.doctor import examine  # noqa: PLC0415 # nothing else needs it

    sys.exit(examine(settings_of(config, flags), as_json=as_json))


@tickbird.command()
@redis_options
@click.option("--user", default="tickbird", show_default=True, help="What the Redis user is called.")
@click.option("--read/--operate", "only", default=None, help="Only the rule for reading, or only that for operating.")
@speaks_plainly
def acl(config: Path | None, *, user: str, only: bool | None, **flags: Any) -> None:
    """Print the exact Redis ACL rules that Tickbird needs: to read, and to operate."""
    from tickbird.acl import lines  # noqa: PLC0415 # nothing else needs it

    for line in lines(settings_of(config, flags), user, operates=None if only is None else not only):
        click.echo(line)


@tickbird.command("hash-password")
@click.option("--argon2", "by_argon2", is_flag=True, help="By argon2id instead of scrypt; needs the extra argon2.")
@speaks_plainly
def hash_password(*, by_argon2: bool) -> None:
    """Ask for a password twice and print what TICKBIRD_PASSWORD_HASH wants."""
    from dashboard.passwords import hash_password as hashed  # noqa: PLC0415 # loads nothing of the pages

    password = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    click.echo(hashed(password, by_argon2=by_argon2))


@tickbird.command()
@click.argument("name")
@click.option("--role", default="viewer", show_default=True, help="viewer, operator, admin, or one of your own.")
def token(name: str, role: str) -> None:
    """Make a bearer token for a program: printed once, and what the settings keep of it."""
    from tickbird.tokens import as_settings, new_token  # noqa: PLC0415 # nothing else needs it

    secret, digest = new_token()
    click.echo(secret)
    click.echo(f"\n{as_settings(name, role, digest)}", err=True)


@tickbird.command()
@click.option("--jobs-per-second", type=click.FloatRange(0.1, 1000), default=5.0, show_default=True)
@click.option(
    "--queues", type=click.IntRange(0, 5000), default=0, help="How many queues in all; the company has its own dozen."
)
@click.option("--seed", default="tickbird", show_default=True, help="The same seed tells the same story.")
@_listen_options
@speaks_plainly
def demo(*, jobs_per_second: float, queues: int, seed: str, **flags: Any) -> None:
    """A small company at work: an embedded Valkey, real BullMQ workers, dashboard and exporter."""
    from tickbird.demo.binary import DemoUnavailable  # noqa: PLC0415 # needs the extra `demo`
    from tickbird.serve import serve_demo  # noqa: PLC0415

    try:
        serve_demo(flags, jobs_per_second=jobs_per_second, queues=queues, seed=seed)
    except DemoUnavailable as error:
        raise click.ClickException(str(error)) from error


for headless in COMMANDS:
    tickbird.add_command(headless)
