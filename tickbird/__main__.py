"""`tickbird`: the command line. Each command imports what it starts only when it starts."""

from __future__ import annotations

from tickbird import bundle


def main() -> None:
    """Mount the bundle, then hand over to the commands."""
    bundle.mount()
    from tickbird.commands import tickbird  # noqa: PLC0415 # needs the bundle to be mounted

    tickbird(prog_name="tickbird")


if __name__ == "__main__":
    main()
