"""How much storage the uploads take, and how much they may."""

from __future__ import annotations

from django.conf import settings
from django.db.models import Sum

from .models import Design

DEFAULT_QUOTA_GB = 100
_GIGABYTE = 10**9


def usage() -> tuple[int, int]:
    """Return used and granted bytes; the grant is the setting `STORAGE_QUOTA_GB`."""
    used = Design.objects.aggregate(used=Sum("size"))["used"] or 0
    return used, getattr(settings, "STORAGE_QUOTA_GB", DEFAULT_QUOTA_GB) * _GIGABYTE
