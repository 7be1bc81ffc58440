"""Can files be stored, and is there room for more?"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from monitoring.component import Check, Outcome, Status
from monitoring.conf import get_config

from .space import judge, local_folder, measure

_FOLDER = "enginel-health"


@dataclass(frozen=True)
class Storage(Check):
    """Writes, reads and deletes an object through Django's default storage."""

    id: str = "storage"
    component: str = "storage"
    time_limit: float = 5.0
    interval: float = 60.0

    def run(self) -> Outcome:
        """Take one object all the way."""
        content = secrets.token_bytes(32)
        name = default_storage.save(f"{_FOLDER}/{secrets.token_hex(16)}", ContentFile(content))
        try:
            with default_storage.open(name) as file:
                read = file.read()
        finally:
            default_storage.delete(name)
        if read != content:
            return Outcome(Status.UNHEALTHY, "The storage returns something else than was stored")
        folder = local_folder()
        if folder is None:
            return Outcome(Status.HEALTHY, "Storage accessible")
        space = measure(folder)
        return judge(space, get_config(), "Storage accessible", {"free_bytes": space.free, "size_bytes": space.size})
