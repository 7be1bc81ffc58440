"""A private PostgreSQL for benchmarks of the database: that of the tests, except that it may not forget."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "bin"))

from launcher.postgres_server import PostgresServer, find_binaries  # noqa: E402

__all__ = ["DurablePostgres", "find_binaries"]
_DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}


class DurablePostgres(PostgresServer):
    """Syncs every commit to the disk, as in production."""

    def _server_command(self, folder: Path) -> list[str]:
        command = super()._server_command(folder)
        for name, value in _DURABLE.items():
            command += ["-c", f"{name}={value}"]
        return command
