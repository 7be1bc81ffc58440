"""When designs are read: after their upload, and again when the word to the workers was lost.

A broken file fails its task: the design ends with the message, and whoever looks at tasks or operations sees the
failure too. It is an expected one (`throws`), so the worker logs one line without a traceback and does not try again.
"""

from __future__ import annotations

from typing import Any

from celery import shared_task
from celery.exceptions import SoftTimeLimitExceeded
from django.db import OperationalError

from designs import extraction, stored
from designs.exceptions import BOMExtractionError, ExternalServiceError, GeometryProcessingError, TaskTimeoutError
from designs.monitoring import PerformanceMonitor

SOFT_LIMIT = 240
HARD_LIMIT = 300
EXTRACTION: dict[str, Any] = {
    "acks_late": True,
    # A design counts its attempts, so one that kills its worker does not go round for ever.
    "reject_on_worker_lost": True,
    "ignore_result": True,
    "soft_time_limit": SOFT_LIMIT,
    "time_limit": HARD_LIMIT,
    "throws": (GeometryProcessingError, BOMExtractionError, TaskTimeoutError),
    # The database or the storage may be back in a moment; the row is found again later if they are not.
    "autoretry_for": (OperationalError, ExternalServiceError),
    "max_retries": 3,
    "retry_backoff": 2,
}


@shared_task(name="tasks.designs.geometry_extraction", **EXTRACTION)
@PerformanceMonitor.track_duration("geometry_extraction")
def geometry_extraction(design_id: str) -> None:
    """Read a design's geometry.

    Raises:
        GeometryProcessingError: The file is broken.
        ExternalServiceError: The file storage failed, each time.
        TaskTimeoutError: It took too long.
    """
    try:
        extraction.extract_geometry(design_id)
    except SoftTimeLimitExceeded as error:
        message = f"Reading the geometry took longer than {SOFT_LIMIT} seconds."
        raise extraction.give_up_in_time(design_id, message) from error


@shared_task(name="tasks.designs.bom_extraction", **EXTRACTION)
@PerformanceMonitor.track_duration("bom_extraction")
def bom_extraction(design_id: str) -> None:
    """Read a design's assembly tree.

    Raises:
        BOMExtractionError: The file is broken.
        ExternalServiceError: The file storage failed, each time.
        TaskTimeoutError: It took too long.
    """
    try:
        extraction.extract_bom(design_id)
    except SoftTimeLimitExceeded as error:
        message = f"Reading the assembly took longer than {SOFT_LIMIT} seconds."
        raise extraction.give_up_in_time(design_id, message) from error


@shared_task(name="tasks.designs.resume_designs", ignore_result=True, soft_time_limit=50, time_limit=60)
def resume_designs() -> int:
    """Queue designs that nobody works on any more; beat runs this every minute."""
    return extraction.resume()


@shared_task(name="tasks.designs.remove_orphans", ignore_result=True, soft_time_limit=570, time_limit=600)
def remove_orphans() -> int:
    """Delete stored files that belong to no design; beat runs this every hour.

    Raises:
        ExternalServiceError: The file storage failed.
    """
    return stored.remove_orphans()
