"""The bugs' files: `B-001-what-it-is.md` in the planning folder, for people to write on.

A file is written whole or not at all, once: it is found again by its marker, whatever people made of its name and text.
The marker is that of one row, so that files outlive an installation: another one neither takes them for its own nor
writes over them.
"""

from __future__ import annotations

import os
from pathlib import Path

from django.conf import settings
from django.utils.text import slugify

from . import texts

_MAX_SLUG = 60
_MAX_READ = 16 * 1024


def folder(planning_dir: str) -> Path:
    """Return the planning folder; a relative one lies in the project's."""
    return Path(getattr(settings, "BASE_DIR", ".")) / planning_dir


class Shelf:
    """The files of a folder by their markers, read when they are first asked for.

    Args:
        planning_dir: The setting `PLANNING_DIR`.
    """

    def __init__(self, planning_dir: str) -> None:
        self.folder = folder(planning_dir)
        self._shown = Path(planning_dir)
        self._names: dict[str, str] | None = None

    def find(self, marker: str) -> str | None:
        """Return the path of the file with a marker, as it is shown; None where there is none."""
        name = self._read().get(marker)
        return None if name is None else self.shown(self.folder / name)

    def shown(self, path: Path) -> str:
        """Return the path of a file as people know the folder: as it is set."""
        return str(self._shown / path.name)

    def write(self, bug_id: str, title: str, text: str) -> Path:
        """Write a bug's file under a name that no other has.

        Args:
            bug_id: First part of its name.
            title: What the rest of its name is made of.
            text: Its content.

        Raises:
            OSError: It cannot be written; nothing of it is left.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self._free_name(f"{bug_id}-{slug(title)}")
        # Always the same name, so that what a killed process leaves does not add up.
        draft = self.folder / f".{bug_id}.tmp"
        try:
            with open(draft, "w", encoding="utf-8", errors="replace", opener=_never_a_link) as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            draft.rename(path)
        except OSError:
            draft.unlink(missing_ok=True)
            raise
        if self._names is not None and (marker := texts.marker_in(text)) is not None:
            self._names[marker] = path.name
        return path

    def _free_name(self, stem: str) -> Path:
        path, number = self.folder / f"{stem}.md", 1
        while path.exists() or path.is_symlink():
            number += 1
            path = self.folder / f"{stem}-{number}.md"
        return path

    def _read(self) -> dict[str, str]:
        if self._names is None:
            self._names = {}
            for path in sorted(self.folder.glob("B-*.md")):
                if (marker := texts.marker_in(_beginning(path))) is not None:
                    self._names.setdefault(marker, path.name)
        return self._names


def slug(title: str) -> str:
    """Return a title as part of a file's name: ASCII letters, digits and dashes, never empty."""
    return slugify(title[:500])[:_MAX_SLUG].strip("-_") or "error"


def _beginning(path: Path) -> str:
    """Return the first part of a file; nothing of what is none, or cannot be read."""
    try:
        if not path.is_file():
            return ""
        with path.open("rb") as file:
            return file.read(_MAX_READ).decode("utf-8", "replace")
    except OSError:
        return ""


def _never_a_link(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW, 0o644)
