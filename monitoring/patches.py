"""What the patch generator is told of a route that fails: the routes are one slice's, their errors are another's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any

from django.db import router
from django.utils import timezone

from monitoring.conf import get_config
from monitoring.errors.bugs import evidence as known
from monitoring.errors.bugs.models import KnownBug
from monitoring.errors.groups.models import ErrorGroup
from monitoring.errors.log.models import ErrorLog

_MAX_TEXT, _MAX_MESSAGE = 20_000, 1_000
_MOST_GROUPS = 5
_ERRORS = "/api/monitoring/errors/"


def evidence(message: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is known of the errors of a route; of the group that most of them are in, in full.

    Everything is as scrubbed as it is stored.

    Args:
        message: What the decision knew: `route`, `method`, `window_seconds`, and the ids of some `errors`.
    """
    alias = router.db_for_write(ErrorLog)
    name = f"{message['method']} {message['route']}".strip()
    counts = _groups_of(message["errors"], alias) or _groups_on(name, message["window_seconds"], alias)
    groups = ErrorGroup.objects.using(alias).in_bulk(counts)
    shown = [group for pk, _ in counts.most_common(_MOST_GROUPS) if (group := groups.get(pk)) is not None]
    found: dict[str, Any] = {"groups": [_group(group, counts[group.pk]) for group in shown]}
    if not shown:
        return {**found, "fingerprint": "", "group": None, "bug": None, "traceback": "", "source": "", "samples": []}
    group = shown[0]
    errors = known.newest([group.pk], alias)
    errors.sort(key=lambda error: error.name != name)  # the same cause may show elsewhere too
    told = known.telling(errors)
    return found | {
        "fingerprint": errors[0].fingerprint if errors else "",
        "group": group.pk,
        "exception_type": group.exception_type,
        "culprit": group.culprit,
        "bug": _bug(group, alias),
        "traceback": known.said(told)[:_MAX_TEXT] if told is not None else "",
        "source": known.source(told)[:_MAX_TEXT] if told is not None else "",
        "samples": [_sample(error) for error in errors],
    }


def _groups_of(error_ids: Collection[str], alias: str) -> Counter[int]:
    """Return the groups of errors by how many of these are in each."""
    rows = ErrorLog.objects.using(alias).filter(error_id__in=error_ids, group__isnull=False)
    return Counter(rows.values_list("group_id", flat=True))


def _groups_on(name: str, seconds: int, alias: str) -> Counter[int]:
    """Return the groups that began on a route and were seen within the window, when no error is known by its id."""
    since = timezone.now() - timedelta(seconds=seconds)
    rows = ErrorGroup.objects.using(alias).filter(name=name, last_seen__gte=since).order_by("-last_seen")
    return Counter(dict(rows.values_list("pk", "count")[:_MOST_GROUPS]))


def _group(group: ErrorGroup, count: int) -> dict[str, Any]:
    return {"group": group.pk, "title": group.title, "count": count, "url": _address(f"groups/{group.pk}/")}


def _bug(group: ErrorGroup, alias: str) -> dict[str, Any] | None:
    bug = KnownBug.objects.using(alias).filter(group=group.merged_into_id or group.pk).first()
    return None if bug is None else {"id": bug.bug_id, "status": bug.status, "issue": bug.github_issue_url}


def _sample(error: ErrorLog) -> dict[str, Any]:
    return {
        "error_id": str(error.error_id),
        "at": error.created.isoformat(),
        "name": error.name,
        "status": error.status_code,
        "release": error.release,
        "exception_type": error.exception_type,
        "message": error.exception_message[:_MAX_MESSAGE],
        "fingerprint": error.fingerprint,
        "request": error.request_data,
        "trace_id": error.trace_id,
        "url": _address(f"{error.error_id}/"),
    }


def _address(path: str) -> str:
    return f"{get_config().public_url.rstrip('/')}{_ERRORS}{path}"
