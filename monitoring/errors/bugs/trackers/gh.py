"""GitHub through its command `gh`, which has a login of its own: for machines without a token."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from typing import Any

from monitoring.conf import Config
from monitoring.error_tracking import ErrorTracking
from monitoring.errors.bugs import markdown, texts

from .base import AwayError, Draft, Issue, LimitedError, RefusedError

_SECONDS = 20.0
_RECENT = 200
_PAUSE = 900.0
_NOT_LOGGED_IN = 4
_ISSUE = re.compile(r"https?://[^\s/]+/[^\s/]+/[^\s/]+/issues/(\d+)")
_REFUSALS = ("authentication", "auth login", "could not resolve to a repository", "http 401", "http 403", "http 404")


class Gh:
    """Issues of one repository, as the user who logged in.

    Args:
        command: Path of the executable.
        repository: `owner/repo`.
    """

    name = "gh"

    def __init__(self, command: str, repository: str) -> None:
        self._command, self._repository = command, repository
        self.setup = f"gh {command} {repository}"

    def find(self, draft: Draft) -> Issue | None:
        """Return the issue with the draft's marker."""
        searches: list[list[str]] = [["--search", f'"{draft.marker}" in:body', "--limit", "20"]]
        if draft.since is not None:
            searches.insert(0, ["--limit", str(_RECENT)])
        for search in searches:
            rows = _rows(self._run("list", "--state", "all", "--json", "number,url,body", *search))
            found = [row for row in rows if texts.holds(str(row.get("body")), draft.marker)]
            if found:
                oldest = min(found, key=lambda row: int(row["number"]))
                return Issue(str(oldest["number"]), str(oldest["url"]))
        return None

    def create(self, draft: Draft) -> Issue:
        """Open an issue, with its labels made where they do not exist."""
        labels = [part for label in draft.labels for part in ("--label", label)]
        arguments = ["create", "--title", draft.title, "--body-file", "-"]
        try:
            said = self._run(*arguments, *labels, text=draft.body)
        except AwayError as error:
            if "label" not in str(error).lower():
                raise
            self._make_labels(draft.labels)
            said = self._run(*arguments, *labels, text=draft.body)
        number, url = parse(said)
        return Issue(str(number), url)

    def comment(self, key: str, text: str, marker: str) -> None:
        """Comment on an issue, unless it has a comment with this marker."""
        known = _rows(self._run("view", key, "--json", "comments", "--jq", ".comments"))
        if not any(texts.holds(str(comment.get("body")), marker) for comment in known):
            self._run("comment", key, "--body-file", "-", text=text)

    def reopen(self, key: str) -> None:
        """Open an issue again; of one that is open it only says so."""
        self._run("reopen", key)

    def _make_labels(self, labels: Sequence[str]) -> None:
        for label in labels:
            _call([self._command, "label", "create", label, "--repo", self._repository])

    def _run(self, *arguments: str, text: str = "") -> str:
        """Run `gh issue`, and return what it prints.

        Raises:
            TrackerError: It failed.
        """
        ended = _call([self._command, "issue", *arguments, "--repo", self._repository], text)
        if ended.returncode == 0:
            return ended.stdout
        said = markdown.line(ended.stderr, 200) or f"exit code {ended.returncode}"
        lower = said.lower()
        if "rate limit" in lower:
            raise LimitedError(f"gh: {said}", _PAUSE)
        if ended.returncode == _NOT_LOGGED_IN or any(sign in lower for sign in _REFUSALS):
            raise RefusedError(f"gh: {said}")
        raise AwayError(f"gh: {said}")


def configured(_config: Config, tracking: ErrorTracking) -> Gh | None:
    """Return it when there is a repository, and the command is installed."""
    if not tracking.github_repo or (command := shutil.which("gh")) is None:
        return None
    return Gh(command, tracking.github_repo)


def parse(output: str) -> tuple[int, str]:
    """Return number and address of the issue that `gh issue create` names.

    Raises:
        AwayError: It names none.
    """
    found = _ISSUE.search(output)
    if found is None:
        raise AwayError("gh named no issue.")
    return int(found[1]), found[0]


def _call(command: Sequence[str], text: str = "") -> subprocess.CompletedProcess[str]:
    quiet = {"GH_PROMPT_DISABLED": "1", "GH_NO_UPDATE_NOTIFIER": "1", "NO_COLOR": "1"}
    try:
        return subprocess.run(
            command,
            input=text,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=_SECONDS,
            env={**os.environ, **quiet},
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise AwayError("gh did not end in time.") from None
    except OSError as error:
        raise AwayError(f"gh could not be started: {type(error).__name__}.") from None


def _rows(said: str) -> list[dict[str, Any]]:
    try:
        rows = json.loads(said or "[]")
    except ValueError:
        rows = None
    if not isinstance(rows, list):
        raise AwayError("gh printed something else than was asked for.")
    return [row for row in rows if isinstance(row, dict)]
