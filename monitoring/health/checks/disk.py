"""Is there room left where this machine keeps state?"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from django.db import connections

from monitoring.component import Check, Outcome
from monitoring.conf import Config, get_config

from .space import distinct, judge, local_folder


@dataclass(frozen=True)
class Disk(Check):
    """Looks at the free space of the disks that hold state: `DISK_PATHS`, uploads, and SQLite's file."""

    id: str = "disk"
    component: str = "disk"
    interval: float = 60.0

    inline: ClassVar[bool] = True

    def run(self) -> Outcome:
        """Look at each disk once."""
        config = get_config()
        spaces = distinct(_folders(config))
        details = {"disks": [{"path": str(s.path), "free_bytes": s.free, "size_bytes": s.size} for s in spaces]}
        found = [judge(space, config, "Enough free space", details) for space in spaces]
        return max(found, key=lambda outcome: outcome.status.badness)


def _folders(config: Config) -> list[Path]:
    found = [Path(path) for path in config.disk_paths]
    if (media := local_folder()) is not None:
        found.append(media)
    for connection in connections.all():
        wrapper: Any = connection
        if connection.vendor == "sqlite" and not wrapper.is_in_memory_db():
            found.append(Path(connection.settings_dict["NAME"]).parent)
    return found or [Path(tempfile.gettempdir())]
