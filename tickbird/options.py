"""What the commands have in common: the options that say which Redis, and how a refusal is told."""

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

DEFAULT_FILE = Path("tickbird.toml")


def redis_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--config`, `--redis` and `--state-url`."""
    command = click.option("--state-url", metavar="URL", help="A Redis that keeps what Tickbird itself remembers.")(
        command
    )
    command = click.option(
        "--config", type=click.Path(path_type=Path), help="A settings file; ./tickbird.toml if there."
    )(command)
    return click.option("--redis", multiple=True, metavar="[NAME=]URL", help="A Redis to watch; may be repeated.")(
        command
    )


def speaks_plainly(command: Callable[..., Any]) -> Callable[..., Any]:
    """An error that a person should read is printed as its sentence, without a traceback."""

    @functools.wraps(command)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except TickbirdError as error:
            click.echo(f"tickbird: {error}", err=True)
            sys.exit(1)

    return run


def settings_of(config: Path | None, flags: dict[str, Any]) -> Settings:
    """The settings of this call: the file, the environment, the flags."""
    named = config or (Path(os.environ["TICKBIRD_CONFIG"]) if "TICKBIRD_CONFIG" in os.environ else None)
    return load(named or (DEFAULT_FILE if DEFAULT_FILE.is_file() else None), os.environ, flags)
