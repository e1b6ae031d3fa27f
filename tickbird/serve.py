"""Puts core, dashboard and exporter together and serves them until somebody says stop."""

from __future__ import annotations

import logging
import os
import socket
import sys
import threading
from dataclasses import replace
from types import FrameType
from typing import Any

import click
import uvicorn
from starlette.applications import Starlette

from core.access.roles import DANGEROUS
from core.errors import Invalid
from core.herd import Herd
from core.redis_settings import RedisSettings
from core.redis_url import without_secrets
from core.settings import Settings, load
from core.shard import Shard
from core.slo import Slo
from dashboard.app import create_app as create_dashboard
from dashboard.auth import check_bind
from dashboard.live import end_streams
from exporter.app import create_app as create_exporter
from exporter.probes import probes
from exporter.routes import routes as metrics_routes
from tickbird import __version__
from tickbird.connections import Connection, room
from tickbird.logs import configure_logs

log = logging.getLogger("tickbird.serve")
# Streams to open tabs end when they are told; whatever still runs after this is cut off (seconds). What then does not
# let go either, as where two Redis hang at once, is left behind after LONGEST: five seconds are promised.
FAREWELL = 1
LONGEST = 4.0
BACKLOG = 2048


def application(settings: Settings) -> Starlette:
    """Dashboard, probes and metrics as one ASGI application."""
    herd = Herd(settings, follows=True)
    return create_dashboard(herd, settings, extra_routes=[*probes(herd), *metrics_routes(herd)])


class Server(uvicorn.Server):
    """Ends with code 0 when it is told to: streams are told, operations parked. Told again, it ends at once.

    `leaves`: it is all that there is in this process, which ends with it.
    """

    def __init__(self, config: uvicorn.Config, *, leaves: bool) -> None:
        super().__init__(config)
        self._leaves = leaves

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 # as signal handlers are called
        if self.should_exit:
            os._exit(128 + sig)
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        late = threading.Timer(LONGEST, _leave_behind)
        late.daemon = True
        late.start()
        app = self.config.app
        if isinstance(app, Starlette) and hasattr(app.state, "desk"):
            end_streams(app)
        await super().shutdown(sockets)
        late.cancel()
        if self._leaves:
            # All has ended. The end of the loop, and of Python, would wait for every name that is still looked up: a
            # minute and more where its server does not answer.
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(0)


def _leave_behind() -> None:
    log.error("what was open did not end within %g s: it is left behind", LONGEST)
    os._exit(1)


def serve_all(settings: Settings, *, leaves: bool = True) -> None:
    """Pages, API and /metrics on one port. Ends the process, unless somebody has something left to do (`leaves`)."""
    check_bind(settings)
    paths = [settings.base_path, "/metrics"]
    _run(application(settings), settings, (settings.host, settings.port), paths, leaves=leaves)


def serve_dashboard(settings: Settings) -> None:
    """Pages and API, without /metrics."""
    check_bind(settings)
    herd = Herd(settings)
    app = create_dashboard(herd, settings, extra_routes=probes(herd))
    _run(app, settings, (settings.host, settings.port), [settings.base_path])


def serve_exporter(settings: Settings) -> None:
    """Only /metrics and the probes; whoever reaches this port may scrape it."""
    address = (settings.exporter_host, settings.exporter_port)
    shard = Shard(settings.exporter_shard, settings.exporter_total_shards)
    # It only looks: what Tickbird does by itself is for those that also show it.
    looking = replace(settings, state_url="", retention=(), audit_webhook="")
    _run(create_exporter(Herd(looking, follows=True, shard=shard)), settings, address, ["/metrics"])


# What the made-up company expects of its queues, so that every panel and every rule has something to show.
DEAD_LETTER = ("dead-letter",)
OBJECTIVES = (
    Slo("email", wait=30_000, run=5_000, failure_ratio=0.05),
    Slo("webhook*", wait=60_000, run=10_000, failure_ratio=0.2),
)


def serve_demo(flags: dict[str, Any], *, jobs_per_second: float, queues: int, seed: str) -> None:
    """The embedded server and the fleet of workers, with everything served on top of them."""
    from tickbird.demo.run import run_demo  # noqa: PLC0415 # needs the extra `demo`

    def serve(url: str) -> None:
        settings = load(None, {}, {**flags, "redis": [f"default={url}"]})
        shown = replace(settings, dead_letter=DEAD_LETTER, slo=OBJECTIVES, metrics_job_times=("*",))
        # Nothing here is anybody's: everything can be tried.
        serve_all(replace(shown, allow=tuple(DANGEROUS)), leaves=False)

    run_demo(serve=serve, jobs_per_second=jobs_per_second, queues=queues, seed=seed)


def _run(
    app: Starlette, settings: Settings, address: tuple[str, int], paths: list[str], *, leaves: bool = True
) -> None:
    configure_logs(settings.log_format)
    Connection.most = room()
    listening = _listen(*address)
    _announce(settings, listening, paths)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        http=Connection,
        timeout_graceful_shutdown=FAREWELL,
        server_header=False,
        proxy_headers=False,
    )
    Server(config, leaves=leaves).run(sockets=[listening])


def _listen(host: str, port: int) -> socket.socket:
    """A listening socket of our own, so that the real port is known before anything is announced."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host.strip("[]"), port))
    except OSError as error:
        listening.close()
        raise Invalid(f"Cannot listen on {host}:{port}: {error.strerror}.", "Choose another with --port.") from error
    listening.listen(BACKLOG)
    return listening


def _announce(settings: Settings, listening: socket.socket, paths: list[str]) -> None:
    """Where to look, and what is watched; on standard output, so that scripts can read it."""
    host, port = listening.getsockname()[:2]
    host = f"[{host}]" if ":" in host else host
    click.echo(f"Tickbird {__version__} watches {', '.join(_named(redis) for redis in settings.redis)}")
    for path in paths:
        click.echo(f"  http://{host}:{port}{path}")
    if not settings.login and paths[0] != "/metrics":
        click.echo(
            "No login is configured, so only this machine is answered."
            if not settings.insecure_no_auth
            else "No login is configured, and anyone who reaches this address may act on the queues."
        )
    sys.stdout.flush()


def _named(redis: RedisSettings) -> str:
    return f"{redis.name} ({without_secrets(redis.url)})"
