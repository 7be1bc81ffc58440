"""What a bug's file, its issue and comments say. Everything that came with an error stands in code."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from . import markdown
from .models import KnownBug

MAX_TITLE = 200
_MAX_DESCRIPTION, _MAX_SOURCE = 40_000, 8_000
_TEMPLATE = """\
# {bug_id}: {title}

{body}

## Notes

"""
_BODY = """\
| | |
| --- | --- |
{facts}
{marker_line}
"""
_FACTS = {
    "severity": "Severity",
    "service": "Service",
    "name": "Where it was seen",
    "culprit": "Where it was raised",
    "first_seen": "First seen",
    "last_seen": "Last seen by then",
    "release": "Release",
    "last_release": "Latest release",
    "environment": "Environment",
    "occurrence_count": "Occurrences by then",
    "users": "Users by then",
    "group": "Group",
    "group_address": "Its page",
    "fingerprint": "Fingerprint",
    "error_id": "Newest error kept in full",
    "error_address": "Its address",
    "request": "Its request",
    "task_id": "Its task",
    "queue": "Its queue",
    "trace_id": "Its trace",
}
"""What is told of a bug, as far as it is known, by the key of its data."""
_MARKER_LINE = "| Marker | `{marker}` |"
"""By this line files and issues are found again: it has to stay in them as it is."""
_MARKED = re.compile(r"^\| Marker \| `(enginel-[0-9a-f-]+)` \|\r?$", re.MULTILINE)
_COMMENT = """\
This was resolved, and occurs again: {counted} in all, the last one at {last_seen}.

| | |
| --- | --- |
{facts}
"""
_OF_RETURN = ("release", "group_address", "error_id", "error_address", "request", "task_id", "queue", "trace_id")
"""What is told of a bug that came back."""
_ADDRESS = re.compile(r"https?://[A-Za-z0-9.:/_~%\[\]-]+")


def marker_of(service: str, fingerprint: str) -> str:
    """Return the text by which a bug's issue is found again; nothing but that holds it."""
    return "enginel-" + hashlib.sha256(f"{service}\0{fingerprint}".encode()).hexdigest()[:24]


def file_marker(marker: str, bug_id: str, made: datetime | None = None) -> str:
    """Return the text by which a bug's file is found again; that of an earlier installation has another one.

    Args:
        marker: That of the bug.
        bug_id: The bug's id.
        made: When the bug was made, of one that has a row.
    """
    own = f"{bug_id} {made.astimezone(UTC).isoformat() if made is not None else ''}"
    return f"{marker}-{hashlib.sha256(own.encode()).hexdigest()[:12]}"


def marker_in(text: str) -> str | None:
    """Return a text's own marker, its first: what it holds further down, or quotes, may have come with an error."""
    found = _MARKED.search(text)
    return found[1] if found else None


def holds(text: str, marker: str) -> bool:
    """Whether a text is that of the marker's bug."""
    return marker_in(text) == marker


def template() -> str:
    """Return what a bug's file is made from, for `str.format`."""
    return _TEMPLATE


def file_text(bug_id: str, data: Mapping[str, Any], form: str = _TEMPLATE) -> str:
    """Return what a bug's file says.

    Args:
        bug_id: The bug's id.
        data: What `facts.of_bug` returns; all but the title may be missing.
        form: What it is made from.
    """
    marker = str(data.get("file_marker") or file_marker(_marker(data), bug_id))
    fields = {name: markdown.span(str(value)) for name, value in data.items()}
    fields |= {
        "bug_id": bug_id,
        "title": markdown.heading(str(data.get("title", ""))),
        "description": markdown.block(str(data.get("description", "")), _MAX_DESCRIPTION),
        "body": body({**data, "marker": marker}).rstrip(),
    }
    return form.format(**fields)


def issue_title(bug_id: str, data: Mapping[str, Any]) -> str:
    """Return the title of a bug's issue."""
    return f"{bug_id}: {markdown.inert(markdown.line(str(data.get('title', '')), MAX_TITLE))}"


def body(data: Mapping[str, Any]) -> str:
    """Return what a bug's issue says, and its file."""
    told = {**data, "last_release": "" if data.get("last_release") == data.get("release") else data.get("last_release")}
    head = _BODY.format(facts="\n".join(_rows(told, _FACTS)), marker_line=_MARKER_LINE.format(marker=_marker(data)))
    parts = [head.rstrip()]
    if description := str(data.get("description") or "").strip("\n"):
        parts.append(markdown.block(description, _MAX_DESCRIPTION))
    if source := str(data.get("source") or ""):
        parts += ["Source, where it was known:", markdown.block(source, _MAX_SOURCE)]
    return "\n\n".join(parts) + "\n"


def regression(data: Mapping[str, Any]) -> str:
    """Return the comment that says that a bug came back.

    Args:
        data: What `facts.of_return` returns.
    """
    since, count = str(data.get("since") or ""), data["occurrence_count"]
    counted = f"{_times(since)} since then, {count}" if since else _times(count)
    rows = [*_rows(data, _OF_RETURN), _MARKER_LINE.format(marker=data["marker"])]
    return _COMMENT.format(counted=counted, last_seen=data["last_seen"], facts="\n".join(rows))


def _times(count: object) -> str:
    return f"{count} occurrence{'' if str(count) == '1' else 's'}"


def regression_marker(bug: KnownBug) -> str:
    """Return the marker of the comment that says that a bug came back for the last time."""
    own = file_marker(marker_of(bug.service, bug.fingerprint), bug.bug_id, bug.created)
    return f"{own}-{bug.regressions}"


def _marker(data: Mapping[str, Any]) -> str:
    known = data.get("marker") or marker_of(str(data.get("service", "")), str(data.get("fingerprint", "")))
    return str(known)


def _rows(data: Mapping[str, Any], names: Iterable[str]) -> list[str]:
    told = ((name, str(data.get(name) or "")) for name in names)
    return [f"| {_FACTS[name]} | {_cell(name, text)} |" for name, text in told if text]


def _cell(name: str, text: str) -> str:
    if name.endswith("_address") and _ADDRESS.fullmatch(text):
        return f"<{text}>"
    # A bar ends a cell even in code; escaped so it shows as one.
    return markdown.span(text).replace("|", "\\|")
