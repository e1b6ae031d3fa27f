"""`tickbird.asgi:app`, for a server of your own choosing; configured by file and environment alone."""

from __future__ import annotations

import os
from pathlib import Path

from tickbird import bundle

bundle.mount()

from core.settings import load  # noqa: E402 # needs the bundle to be mounted
from dashboard.auth import check_login  # noqa: E402
from tickbird.logs import configure_logs  # noqa: E402
from tickbird.serve import application  # noqa: E402

_file = os.environ.get("TICKBIRD_CONFIG")
_settings = load(Path(_file) if _file else None, os.environ, {})
check_login(_settings)
configure_logs(_settings.log_format)
app = application(_settings)
