"""The documented `BugCreationService`: a thin face of what files bugs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from monitoring.recording import scrub

from . import numbering, texts
from .desk import Desk, desk
from .files import Shelf
from .models import KnownBug
from .trackers import gh
from .trackers.base import Draft, RefusedError

_MAX_TEXT = 20_000


class BugCreationService:
    """Makes bugs' files and issues. What files bugs by itself is `filing.file_due`, which calls the same functions.

    `data` of its methods has a `title`, and as far as they are known `description`, `severity`, `service`,
    `fingerprint`, `culprit` and `occurrence_count`.
    """

    def __init__(self) -> None:
        self._desk: Desk = desk()

    def get_next_bug_id(self) -> str:
        """Return the id that the next bug gets. It is taken only with the bug itself, so that no id is ever lost."""
        return numbering.bug_id(numbering.peek(self._desk.alias))

    def get_bug_template(self) -> str:
        """Return what a bug's file is made from, for `str.format`."""
        return texts.template()

    def create_bug_file(self, bug_id: str, data: Mapping[str, Any]) -> Path:
        """Write a bug's file, unless there is one: of this bug, with this id.

        Returns:
            Where it is.

        Raises:
            OSError: It cannot be written.
        """
        data = _marked(data)
        rows = KnownBug.all_objects.using(self._desk.alias).filter(bug_id=bug_id)
        made = rows.values_list("created", flat=True).first()
        data["file_marker"] = texts.file_marker(data["marker"], bug_id, made)
        shelf = Shelf(self._desk.tracking.planning_dir)
        known = shelf.find(data["file_marker"])
        if known is not None:
            return shelf.folder / Path(known).name
        text = texts.file_text(bug_id, data, self.get_bug_template())
        return shelf.write(bug_id, str(data.get("title", "")), text)

    def create_github_issue(self, bug_id: str, data: Mapping[str, Any]) -> tuple[int, str]:
        """Open a bug's issue, unless there is one with its marker.

        Returns:
            Its number and its address.

        Raises:
            TrackerError: It could not be opened, or no tracker is set.
        """
        if self._desk.tracker is None:
            raise RefusedError("No repository is set: ERROR_TRACKING['GITHUB_REPO'].")
        data = _marked(data)
        draft = Draft(
            title=texts.issue_title(bug_id, data),
            body=self.format_issue_body(data),
            labels=("bug", str(data.get("severity") or "medium")),
            marker=data["marker"],
        )
        issue = self._desk.tracker.find(draft) or self._desk.tracker.create(draft)
        return issue.number or 0, issue.url

    def format_issue_body(self, data: Mapping[str, Any]) -> str:
        """Return what a bug's issue says, in Markdown."""
        return texts.body(_marked(data))

    def parse_gh_output(self, output: str) -> tuple[int, str]:
        """Return number and address of the issue that `gh issue create` printed.

        Raises:
            TrackerError: It printed none.
        """
        return gh.parse(output)


def _marked(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the data, scrubbed, with its marker; a report without a fingerprint is told from others by its title."""
    clean = {key: scrub.text(value, _MAX_TEXT) if isinstance(value, str) else value for key, value in data.items()}
    known = str(clean.get("fingerprint") or clean.get("title", ""))
    return {"marker": texts.marker_of(str(clean.get("service", "")), known), **clean}
