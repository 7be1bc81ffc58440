"""A token in a file that only its owner may read."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def read(path: Path) -> str | None:
    """Return the token in a file; None if there is no file or nothing in it."""
    try:
        return path.read_text(encoding="ascii", errors="replace").strip() or None
    except FileNotFoundError:
        return None


def write(path: Path, token: str) -> None:
    """Replace the file at once, so that nobody ever reads half of it."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")  # created with mode 0600
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(token + "\n")
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
