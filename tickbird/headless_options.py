"""What the commands for terminals and scripts have in common: their options, their exit codes, how they are run."""

from __future__ import annotations

import functools
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from core.errors import Invalid
from core.model import STATES
from tickbird.options import redis_options, settings_of, speaks_plainly

_UNITS = {"": 1, "ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
EXIT_CODES = (
    "Exit code: 0 when all is done; 1 when something was refused, left alone or cannot be reached; "
    "2 for words that make no sense."
)
A_QUEUE = "QUEUE is a name, PREFIX:NAME or INSTANCE/PREFIX/NAME"


class Span(click.ParamType[int]):
    """A length of time: 90s, 15m, 2h, 7d, or milliseconds. In milliseconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        found = re.fullmatch(r"([0-9]{1,12})(ms|s|m|h|d|)", str(value))
        if found is None:
            self.fail(f"{value!r} is not a length of time such as 90s, 15m, 2h or 7d.", param, ctx)
        return int(found[1]) * _UNITS[found[2]]


STATE = click.Choice([state.value for state in STATES])


def run(settings: Any, work: str, **said: Any) -> int:
    """Do this work of `headless` or `headless_bulk`, and give the exit code."""
    from tickbird import headless, headless_bulk  # noqa: PLC0415 # their JSON is the API's: not loaded for --version

    return headless.run(settings, getattr(headless, work, None) or getattr(headless_bulk, work), **said)


def command(name: str | None = None) -> Callable[[Callable[..., Any]], click.Command]:
    """A command with `--redis`, `--config` and `--json`, that ends with the exit code its body returns."""

    def wrap(body: Callable[..., int]) -> click.Command:
        @click.pass_context
        @functools.wraps(body)
        def answer(context: click.Context, /, *, config: Path | None, **said: Any) -> None:
            flags = {name: said.pop(name) for name in ("redis", "state_url")}
            try:
                code = body(settings_of(config, flags), **said)
            except Invalid as error:
                raise click.UsageError(str(error), context) from error
            sys.exit(code)

        asked = click.option("--json", "as_json", is_flag=True, help="Print JSON.")(
            redis_options(speaks_plainly(answer))
        )
        return click.command(name or body.__name__, help=body.__doc__, epilog=EXIT_CODES)(asked)

    return wrap
