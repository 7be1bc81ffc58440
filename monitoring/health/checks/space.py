"""How much room is left on a disk, and when that is too little."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.files.storage import default_storage

from monitoring.component import Outcome, Status
from monitoring.conf import Config

_FEW_INODES = 0.02
_GIB = 1024**3


@dataclass(frozen=True)
class Space:
    """A disk: bytes in all and free, the share of free inodes, and the folder by which it is known."""

    path: Path
    device: int
    size: int
    free: int
    inodes: float


def measure(path: Path) -> Space:
    """Measure the disk that holds a path, or will once its folder is created."""
    while not path.exists() and path != path.parent:
        path = path.parent
    figures = os.statvfs(path)
    inodes = figures.f_favail / figures.f_files if figures.f_files else 1.0
    size, free = figures.f_blocks * figures.f_frsize, figures.f_bavail * figures.f_frsize
    return Space(path, path.stat().st_dev, size, free, inodes)


def distinct(paths: Iterable[Path]) -> list[Space]:
    """Measure every disk among some paths once."""
    return list({space.device: space for space in map(measure, paths)}.values())


def judge(space: Space, config: Config, well: str, details: dict[str, Any]) -> Outcome:
    """Say whether there is room for more; where it is, only admins read."""
    if space.free < config.disk_unhealthy_bytes:
        return Outcome(Status.UNHEALTHY, f"Only {space.free / _GIB:.1f} GiB are free", details)
    if space.free < config.disk_degraded_bytes:
        return Outcome(Status.DEGRADED, f"Only {space.free / _GIB:.1f} GiB are free", details)
    if space.inodes < _FEW_INODES:
        return Outcome(Status.DEGRADED, f"Only {space.inodes:.1%} of the inodes are free", details)
    return Outcome(Status.HEALTHY, well, details)


def local_folder() -> Path | None:
    """Return where the default storage keeps its files on this machine; None for one that is elsewhere."""
    with contextlib.suppress(NotImplementedError):
        return Path(default_storage.path(""))
    return None
