"""The commands and their options. What they do lies in the module of the same name."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from core.errors import TickbirdError
from core.settings import Settings, load
from tickbird import __version__

DEFAULT_FILE = Path("tickbird.toml")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="tickbird %(version)s")
def tickbird() -> None:
    """Watch and operate every Bull and BullMQ queue in your Redis.

    BullMQ 6's PostgreSQL backend keeps nothing in Redis and cannot be seen from here.
    """


def _redis_options(command: Callable[..., Any]) -> Callable[..., Any]:
    command = click.option(
        "--config", type=click.Path(path_type=Path), help="A settings file; ./tickbird.toml if there."
    )(command)
    return click.option("--redis", multiple=True, metavar="[NAME=]URL", help="A Redis to watch; may be repeated.")(
        command
    )


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


def _speaks_plainly(command: Callable[..., Any]) -> Callable[..., Any]:
    """An error that a person should read is printed as its sentence, without a traceback."""

    @functools.wraps(command)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except TickbirdError as error:
            click.echo(f"tickbird: {error}", err=True)
            sys.exit(1)

    return run


def _settings(config: Path | None, flags: dict[str, Any]) -> Settings:
    named = config or (Path(os.environ["TICKBIRD_CONFIG"]) if "TICKBIRD_CONFIG" in os.environ else None)
    return load(named or (DEFAULT_FILE if DEFAULT_FILE.is_file() else None), os.environ, flags)


@tickbird.command()
@_redis_options
@_dashboard_options
@_speaks_plainly
def serve(config: Path | None, **flags: Any) -> None:
    """Dashboard and exporter in one process."""
    from tickbird.serve import serve_all  # noqa: PLC0415 # loads the web only when it is served

    serve_all(_settings(config, flags))


@tickbird.command()
@_redis_options
@_dashboard_options
@_speaks_plainly
def dashboard(config: Path | None, **flags: Any) -> None:
    """The dashboard alone, without /metrics."""
    from tickbird.serve import serve_dashboard  # noqa: PLC0415 # loads the web only when it is served

    serve_dashboard(_settings(config, flags))


@tickbird.command()
@_redis_options
@_listen_options
@_speaks_plainly
def exporter(config: Path | None, host: str | None, port: int | None, **flags: Any) -> None:
    """The Prometheus exporter alone, on its own port (9809)."""
    from tickbird.serve import serve_exporter  # noqa: PLC0415 # loads the web only when it is served

    serve_exporter(_settings(config, {**flags, "exporter_host": host, "exporter_port": port}))


@tickbird.command()
@_redis_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@_speaks_plainly
def doctor(config: Path | None, *, as_json: bool, **flags: Any) -> None:
    """Check the connection, permissions, eviction policy, and which queues are found. Exits 1 on trouble."""
    from tickbird.doctor import examine  # noqa: PLC0415 # nothing else needs it

    sys.exit(examine(_settings(config, flags), as_json=as_json))


@tickbird.command("hash-password")
def hash_password() -> None:
    """Ask for a password twice and print what TICKBIRD_PASSWORD_HASH wants."""
    from dashboard.passwords import hash_password as hashed  # noqa: PLC0415 # loads nothing of the pages

    click.echo(hashed(click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)))


@tickbird.command()
@click.option("--jobs-per-second", type=click.FloatRange(0.1, 1000), default=5.0, show_default=True)
@click.option(
    "--queues", type=click.IntRange(0, 5000), default=0, help="How many queues in all; the company has its own dozen."
)
@click.option("--seed", default="tickbird", show_default=True, help="The same seed tells the same story.")
@_listen_options
@_speaks_plainly
def demo(*, jobs_per_second: float, queues: int, seed: str, **flags: Any) -> None:
    """A small company at work: an embedded Valkey, real BullMQ workers, dashboard and exporter."""
    from tickbird.demo.binary import DemoUnavailable  # noqa: PLC0415 # needs the extra `demo`
    from tickbird.serve import serve_demo  # noqa: PLC0415

    try:
        serve_demo(flags, jobs_per_second=jobs_per_second, queues=queues, seed=seed)
    except DemoUnavailable as error:
        raise click.ClickException(str(error)) from error
