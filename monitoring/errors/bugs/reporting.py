"""Making a bug by name: of a fingerprint, whether errors with it were recorded or not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import Q

from monitoring.errors.groups.models import GroupFingerprint

from .desk import Desk
from .models import KnownBug
from .opening import open_for, open_reported, want


def report(service: str, fingerprint: str, data: Mapping[str, Any], desk: Desk) -> KnownBug:
    """Return the bug of a fingerprint; where there is none, make it.

    Args:
        service: Of which service.
        fingerprint: That of a group, or any other text; what is beyond 64 characters is cut.
        data: `title`, `description` and `severity` of a bug without recorded errors.
        desk: What it is made with.
    """
    service, fingerprint = service[:200], fingerprint[:64]
    known = GroupFingerprint.objects.using(desk.alias).filter(service=service, fingerprint=fingerprint)
    for group, merged_into in known.values_list("group_id", "group__merged_into_id"):
        root = merged_into or group
        want([root], desk)
        open_for(root, desk)
        family = Q(group_id=root) | Q(group__merged_into=root)
        bug = KnownBug.all_objects.using(desk.alias).filter(family).order_by("number").first()
        if bug is not None:
            return bug
    return open_reported(service, fingerprint, data, desk)
