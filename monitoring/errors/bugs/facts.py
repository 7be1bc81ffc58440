"""What is known of a bug when its file, its issue or a comment is written, by the names that `texts` shows it under."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.urls import reverse

from monitoring.conf import Config
from monitoring.errors.groups import totals
from monitoring.errors.groups.models import ErrorGroup
from monitoring.errors.log.models import ErrorLog

from . import evidence, texts
from .desk import Desk
from .models import KnownBug

_ERRORS = "/api/monitoring/errors/"


def of_bug(bug: KnownBug, desk: Desk) -> dict[str, Any]:
    """Return what a bug's file and issue say."""
    marker = texts.marker_of(bug.service, bug.fingerprint)
    data: dict[str, Any] = {
        "bug_id": bug.bug_id,
        "title": bug.title,
        "description": bug.description,
        "severity": bug.severity,
        "service": bug.service,
        "fingerprint": bug.fingerprint,
        "occurrence_count": bug.occurrence_count,
        "marker": marker,
        "file_marker": texts.file_marker(marker, bug.bug_id, bug.created),
    }
    if bug.group is None:
        return data
    known = totals.of([bug.group.pk], desk.alias)[bug.group.pk]
    errors = evidence.newest(_family(bug.group, known), desk.alias)
    told = evidence.telling(errors)
    return data | {
        "name": bug.group.name,
        "culprit": bug.group.culprit,
        "first_seen": _moment(known.first_seen),
        "last_seen": _moment(known.last_seen),
        "release": known.first_release,
        "last_release": known.last_release,
        "environment": bug.group.environment,
        "users": f"{'' if known.exact else 'about '}{known.users}" if known.users else "",
        "group": bug.group.pk,
        "group_address": _page(bug.group, desk.config),
        "source": evidence.source(told) if told is not None else "",
        **_of_error(errors[0] if errors else None, desk.config),
    }


def of_return(bug: KnownBug, desk: Desk) -> dict[str, Any]:
    """Return what a comment says of a bug that was resolved and came back."""
    data: dict[str, Any] = {
        "occurrence_count": bug.occurrence_count,
        "last_seen": _moment(bug.last_occurrence),
        "marker": texts.regression_marker(bug),
    }
    if bug.group is None:
        return data
    root = bug.group.merged_into or bug.group
    known = totals.of([root.pk], desk.alias)[root.pk]
    family = _family(root, known)
    errors = evidence.newest(family, desk.alias)
    since = evidence.count_since(family, root.resolved_at, desk.alias) if root.resolved_at is not None else 0
    return data | {
        "since": f"more than {evidence.MOST}" if since > evidence.MOST else str(since or ""),
        "release": (errors[0].release if errors else "") or known.last_release,
        "group_address": _page(root, desk.config),
        **_of_error(errors[0] if errors else None, desk.config),
    }


def _of_error(error: ErrorLog | None, config: Config) -> Mapping[str, str]:
    """Return what belongs to one error: by what it is found, and whose it was."""
    if error is None:
        return {}
    context = error.context if isinstance(error.context, dict) else {}
    return {
        "request": f"{error.method} {error.url_pattern}".strip(),
        "task_id": error.task_id,
        "queue": str(context.get("queue") or ""),
        "error_id": str(error.error_id),
        "trace_id": error.trace_id,
        "error_address": f"{config.public_url.rstrip('/')}{_ERRORS}{error.error_id}/",
    }


def _page(group: ErrorGroup, config: Config) -> str:
    """Return the address of a group's page, or of the group in the API where there is no such page."""
    try:
        path = reverse("admin:monitoring_errorgroup_change", args=[group.pk])
    except Exception:  # no admin, or a project whose URLs cannot be loaded in a worker
        path = f"{_ERRORS}groups/{group.pk}/"
    return f"{config.public_url.rstrip('/')}{path}"


def _family(group: ErrorGroup, known: totals.Totals) -> list[int]:
    return [group.pk, *(member.pk for member in known.members)]


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
