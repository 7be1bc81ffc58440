"""Releasing a design: from then on it stays as it is."""

from __future__ import annotations

from typing import Any

from . import results, stored
from .access import reread
from .models import Design
from .monitoring import MetricsCollector


def finalize(design: Design, user: Any) -> Design:
    """Release a design that was read, once; whoever comes later gets the same design back.

    Raises:
        DesignNotReady: It is still being read.
        GeometryProcessingError: Its geometry could not be read.
        BOMExtractionError: Its bill of materials could not be read.
        TaskTimeoutError: Reading it took too long.
        ExternalServiceError: The file storage failed.
        EnginelBaseException: The stored file is not the one that was uploaded.
        NotFound: It was deleted meanwhile.
    """
    if design.finalized is None:
        results.expect_ready(design)
        stored.expect_unchanged(design)
        if design.finalize(user.pk):
            MetricsCollector.increment_counter("designs_finalized")
        reread(design, "finalized", "finalized_by", "updated")
    return design
