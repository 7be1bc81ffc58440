"""GitHub over its REST API, on github.com or on a server of one's own."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from monitoring.conf import Config
from monitoring.error_tracking import ErrorTracking
from monitoring.errors.bugs import markdown, texts

from .base import AwayError, Draft, Issue, LimitedError, RefusedError, RejectedError
from .http import Answer, Line

_HEADERS = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
_PAGE, _MAX_PAGES = 50, 40
_SECONDS = 40.0
"""For all calls of one step; a bug takes two steps at most."""
_CLOCKS = timedelta(hours=1)
"""How far GitHub's clock and ours may be apart."""
_MIN_PAUSE, _MAX_PAUSE = 60.0, 86_400.0
_COLOURS = {"bug": "d73a4a", "critical": "b60205", "high": "d93f0b", "medium": "fbca04", "low": "0e8a16"}
_WHY = {
    301: "The repository of GITHUB_REPO has moved; set its new name.",
    401: "GitHub does not accept the GITHUB_TOKEN.",
    403: "The GITHUB_TOKEN may not write issues of the repository.",
    404: "GITHUB_REPO does not exist, or the GITHUB_TOKEN may not see it.",
    410: "Issues are switched off in the repository.",
}


class GitHub:
    """Issues of one repository.

    Args:
        repository: `owner/repo`.
        token: May write issues.
        api: Address of the REST API.
    """

    name = "github"

    def __init__(self, repository: str, token: str, api: str) -> None:
        self._repository, self._token, self._api = repository, token, api
        self._issues = f"/repos/{repository}/issues"
        self.setup = f"github {api} {repository} {token}"

    def find(self, draft: Draft) -> Issue | None:
        """Return the issue with the draft's marker; the oldest, should there be several."""
        with self._line() as line:
            if draft.since is not None and (found := self._among_recent(line, draft.marker, draft.since)):
                return found
            query = {"q": f'"{draft.marker}" in:body is:issue repo:{self._repository}', "per_page": 20}
            answer = line.call("GET", "/search/issues", query)
            # What search does not know, it refuses (422); then there is nothing to be found.
            found_rows = [] if answer.status == 422 else _object(_accepted(answer)).get("items")
            return _first(_objects(found_rows), draft.marker)

    def create(self, draft: Draft) -> Issue:
        """Open an issue; where its labels are what is wrong, without them."""
        with self._line() as line:
            wanted = {"title": draft.title, "body": draft.body, "labels": list(draft.labels)}
            answer = line.call("POST", self._issues, body=wanted)
            if answer.status == 422 and "label" in _said(answer).lower():
                self._make_labels(line, draft.labels)
                answer = line.call("POST", self._issues, body=wanted)
                if answer.status == 422:
                    answer = line.call("POST", self._issues, body={"title": draft.title, "body": draft.body})
            return _issue(_object(_accepted(answer)))

    def comment(self, key: str, text: str, marker: str) -> None:
        """Comment on an issue, unless it has a comment with this marker."""
        path = f"{self._issues}/{key}/comments"
        with self._line() as line:
            for comment in self._pages(line, path, {}):
                if texts.holds(str(comment.get("body")), marker):
                    return
            _accepted(line.call("POST", path, body={"body": text}), one_issue=True)

    def reopen(self, key: str) -> None:
        """Open an issue again."""
        with self._line() as line:
            _accepted(line.call("PATCH", f"{self._issues}/{key}", body={"state": "open"}), one_issue=True)

    def _line(self) -> Line:
        return Line(self._api, self._token, _HEADERS, _SECONDS)

    def _among_recent(self, line: Line, marker: str, since: datetime) -> Issue | None:
        """Look through what was opened since: a search index lags behind, this list does not."""
        earliest = (since - _CLOCKS).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        # By label would be shorter, but GitHub drops labels silently when the token may not set them.
        query = {"state": "all", "sort": "created", "direction": "desc", "since": earliest}
        recent = []
        for row in self._pages(line, self._issues, query):
            if str(row.get("created_at")) < earliest:
                break
            recent.append(row)
        return _first(recent, marker)

    def _pages(self, line: Line, path: str, query: dict[str, Any]) -> Iterator[dict[str, Any]]:
        for page in range(1, _MAX_PAGES + 1):
            answer = line.call("GET", path, {**query, "per_page": _PAGE, "page": page})
            rows = _objects(_accepted(answer, one_issue=path != self._issues))
            yield from rows
            if len(rows) < _PAGE:
                return

    def _make_labels(self, line: Line, labels: Sequence[str]) -> None:
        for label in labels:
            made = {"name": label, "color": _COLOURS.get(label, "ededed")}
            line.call("POST", f"/repos/{self._repository}/labels", body=made)


def configured(config: Config, tracking: ErrorTracking) -> GitHub | None:
    """Return it when there are a repository and a token."""
    if not (tracking.github_repo and config.github_token):
        return None
    return GitHub(tracking.github_repo, config.github_token, config.github_api_url)


def _accepted(answer: Answer, *, one_issue: bool = False) -> Any:
    """Return the body of an answer that says yes.

    Args:
        answer: The answer.
        one_issue: It was about one issue, so that one that is missing says nothing about the repository.

    Raises:
        TrackerError: It says something else.
    """
    status = answer.status
    if 200 <= status < 300:
        return answer.body
    if status == 429 or (status == 403 and _is_limit(answer)):
        raise LimitedError(f"GitHub limits how often it may be asked ({status}).", _pause(answer))
    if one_issue and status in (301, 404, 410):
        raise RejectedError(f"The issue is gone, or was moved ({status}).")
    if status in _WHY:
        raise RefusedError(f"{_WHY[status]} ({status}{_detail(answer)})")
    if 300 <= status < 400:
        raise RefusedError(f"GITHUB_API_URL leads elsewhere ({status}).")
    if status >= 500 or status == 408:
        raise AwayError(f"GitHub answers {status}.")
    raise RejectedError(f"GitHub does not take it ({status}{_detail(answer)}).")


def _is_limit(answer: Answer) -> bool:
    headers = answer.headers
    return (
        "retry-after" in headers or headers.get("x-ratelimit-remaining") == "0" or "rate limit" in _said(answer).lower()
    )


def _pause(answer: Answer) -> float:
    """Return for how many seconds GitHub wants to be left alone."""
    after, reset = answer.headers.get("retry-after", ""), answer.headers.get("x-ratelimit-reset", "")
    seconds = _number(after)
    if seconds is None and answer.headers.get("x-ratelimit-remaining", "0") == "0":
        at = _number(reset)
        seconds = None if at is None else at - time.time()
    return min(max(seconds or 0.0, _MIN_PAUSE), _MAX_PAUSE)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _said(answer: Answer) -> str:
    body = answer.body if isinstance(answer.body, dict) else {}
    return f"{body.get('message', '')} {body.get('errors', '')}".strip()


def _detail(answer: Answer) -> str:
    said = markdown.line(_said(answer), 200)
    return f": {said}" if said else ""


def _objects(rows: Any) -> list[dict[str, Any]]:
    if not isinstance(rows, list):
        raise AwayError("GitHub's answer is no list.")
    return [row for row in rows if isinstance(row, dict)]


def _object(body: Any) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise AwayError("GitHub's answer cannot be read.")
    return body


def _first(rows: list[dict[str, Any]], marker: str) -> Issue | None:
    issues = [row for row in rows if "pull_request" not in row and texts.holds(str(row.get("body")), marker)]
    return min((_issue(row) for row in issues), key=lambda issue: issue.number or 0, default=None)


def _issue(row: dict[str, Any]) -> Issue:
    number, url = row.get("number"), str(row.get("html_url") or "")
    if not isinstance(number, int) or not url.startswith(("https://", "http://")):
        raise AwayError("GitHub's answer names no issue.")
    return Issue(str(number), url[:500])
