"""Components that nobody looks at any more are forgotten."""

from __future__ import annotations

from datetime import timedelta

from django.db import router
from django.utils import timezone

from .models import ComponentState

_KEPT = timedelta(days=1)


def prune() -> None:
    """Drop the states of components that were not checked for a day, such as those of checks that were removed."""
    rows = ComponentState.objects.using(router.db_for_write(ComponentState))
    rows.filter(checked__lt=timezone.now() - _KEPT).delete()
