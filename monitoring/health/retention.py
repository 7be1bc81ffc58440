"""Components that nobody looks at any more are forgotten, and what became of components long ago."""

from __future__ import annotations

from datetime import timedelta

from django.db import router
from django.utils import timezone

from .models import ComponentChange, ComponentState

_KEPT = timedelta(days=1)
_CHANGES_KEPT = timedelta(days=30)


def prune() -> None:
    """Drop the states of components that were not checked for a day, such as those of checks that were removed.

    Their changes are kept for 30 days.
    """
    rows = ComponentState.objects.using(router.db_for_write(ComponentState))
    rows.filter(checked__lt=timezone.now() - _KEPT).delete()
    changes = ComponentChange.objects.using(router.db_for_write(ComponentChange))
    changes.filter(at__lt=timezone.now() - _CHANGES_KEPT).delete()
