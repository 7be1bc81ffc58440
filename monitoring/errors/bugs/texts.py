"""What a bug's file, its issue and comments say. Everything that came with an error stands in code."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from . import markdown
from .models import KnownBug

MAX_TITLE = 200
_MAX_BODY = 50_000
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

{description}
"""
_FACTS = {
    "severity": "Severity",
    "service": "Service",
    "name": "Where it was seen",
    "culprit": "Where it was raised",
    "first_seen": "First seen",
    "release": "Release",
    "environment": "Environment",
    "occurrence_count": "Occurrences by then",
    "group": "Group",
    "fingerprint": "Fingerprint",
}
"""What is told of a bug, as far as it is known, by the key of its data."""
_MARKER_LINE = "| Marker | `{marker}` |"
"""By this line files and issues are found again: it has to stay in them as it is."""
_MARKED = re.compile(r"^\| Marker \| `(enginel-[0-9a-f-]+)` \|\r?$", re.MULTILINE)
_COMMENT = """\
This was resolved, and occurs again: {occurrence_count} occurrences in all, the last one at {last} UTC.

| | |
| --- | --- |
{marker_line}
"""


def marker_of(service: str, fingerprint: str) -> str:
    """Return the text by which a bug's file and issue are found again; nothing but them holds it."""
    return "enginel-" + hashlib.sha256(f"{service}\0{fingerprint}".encode()).hexdigest()[:24]


def marker_in(text: str) -> str | None:
    """Return a text's own marker, its first: what it holds further down, or quotes, may have come with an error."""
    found = _MARKED.search(text)
    return found[1] if found else None


def holds(text: str, marker: str) -> bool:
    """Whether a text is that of the marker's bug."""
    return marker_in(text) == marker


def data_of(bug: KnownBug) -> dict[str, Any]:
    """Return what a bug's texts are made of."""
    data: dict[str, Any] = {
        "bug_id": bug.bug_id,
        "title": bug.title,
        "description": bug.description,
        "severity": bug.severity,
        "service": bug.service,
        "fingerprint": bug.fingerprint,
        "occurrence_count": bug.occurrence_count,
        "marker": marker_of(bug.service, bug.fingerprint),
    }
    if (group := bug.group) is not None:
        data |= {
            "name": group.name,
            "culprit": group.culprit,
            "first_seen": f"{group.first_seen:%Y-%m-%d %H:%M:%S} UTC",
            "release": group.first_release,
            "environment": group.environment,
            "group": group.pk,
        }
    return data


def template() -> str:
    """Return what a bug's file is made from, for `str.format`."""
    return _TEMPLATE


def file_text(bug_id: str, data: Mapping[str, Any], form: str = _TEMPLATE) -> str:
    """Return what a bug's file says.

    Args:
        bug_id: The bug's id.
        data: What `data_of` returns; all but the title may be missing.
        form: What it is made from.
    """
    fields = {name: markdown.span(str(value)) for name, value in data.items()}
    fields |= {
        "bug_id": bug_id,
        "title": markdown.heading(str(data.get("title", ""))),
        "description": markdown.block(str(data.get("description", "")), _MAX_BODY),
        "body": body(data).rstrip(),
    }
    return form.format(**fields)


def issue_title(bug_id: str, data: Mapping[str, Any]) -> str:
    """Return the title of a bug's issue."""
    return f"{bug_id}: {markdown.inert(markdown.line(str(data.get('title', '')), MAX_TITLE))}"


def body(data: Mapping[str, Any]) -> str:
    """Return what a bug's issue says, and its file."""
    service, fingerprint = str(data.get("service", "")), str(data.get("fingerprint", ""))
    marker = str(data.get("marker") or marker_of(service, fingerprint))
    told = ((title, str(data.get(key) or "")) for key, title in _FACTS.items())
    return _BODY.format(
        facts="\n".join(f"| {title} | {_cell(text)} |" for title, text in told if text),
        description=markdown.block(str(data.get("description", "")), _MAX_BODY),
        marker_line=_MARKER_LINE.format(marker=marker),
    )


def regression(bug: KnownBug) -> str:
    """Return the comment that says that a bug came back."""
    return _COMMENT.format(
        occurrence_count=bug.occurrence_count,
        last=f"{bug.last_occurrence:%Y-%m-%d %H:%M:%S}",
        marker_line=_MARKER_LINE.format(marker=regression_marker(bug)),
    )


def regression_marker(bug: KnownBug) -> str:
    """Return the marker of the comment that says that a bug came back for the last time."""
    return f"{marker_of(bug.service, bug.fingerprint)}-{bug.regressions}"


def _cell(text: str) -> str:
    # A bar ends a cell even in code; escaped so it shows as one.
    return markdown.span(text).replace("|", "\\|")
