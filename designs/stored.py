"""The files of designs in the file storage, which may be elsewhere and away."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models.signals import post_delete
from django.dispatch import receiver
from django.utils import timezone

from .exceptions import EnginelBaseException, ExternalServiceError
from .models import Design, Orphan

ORPHAN_AGE = timedelta(hours=1)
"""Far longer than an upload takes from its beginning to the commit of its row."""
ORPHANS_AT_ONCE = 5_000
logger = logging.getLogger(__name__)


@contextmanager
def available() -> Iterator[None]:
    """Say of whatever the storage fails with in this block that it is away.

    Raises:
        ExternalServiceError: The storage failed.
    """
    try:
        yield
    except OSError as error:
        raise unavailable() from error


def unavailable() -> ExternalServiceError:
    """Return the error that says that the storage is away."""
    return ExternalServiceError("The file storage is not available. Try again later.", details={"service": "storage"})


def save(design: Design, file: UploadedFile[Any]) -> None:
    """Store the file of a design that has no row yet; until `adopt` it is an orphan.

    Raises:
        ExternalServiceError: The storage failed.
    """
    Orphan.objects.create(path=design.file.field.generate_filename(design, file.name or ""))
    with available():
        design.file.save(file.name or "", file, save=False)


def adopt(design: Design) -> None:
    """Say that a file has a design. Call it in the transaction that writes the design's row.

    Raises:
        ExternalServiceError: It took so long that the file was removed as an orphan.
    """
    if not Orphan.objects.filter(path=design.file.name).delete()[0]:
        raise unavailable()


def remove(design: Design) -> None:
    """Delete the file of a design that has no row; what cannot be deleted now is an orphan."""
    try:
        _delete(str(design.file.name))
    except OSError as error:
        logger.warning("The file of design %s stays for now: %s", design.pk, type(error).__name__)


@receiver(post_delete, sender=Design)
def orphan(instance: Design, **_: Any) -> None:
    """Remember the file of a design that is deleted, whatever deletes it, in the same transaction."""
    if instance.file:
        Orphan.objects.get_or_create(path=instance.file.name)


def expect_unchanged(design: Design) -> None:
    """Check that the stored file is the one that was uploaded.

    Raises:
        ExternalServiceError: The storage failed.
        EnginelBaseException: The file is gone, or another.
    """
    details = {"design": design.pk}
    digest = hashlib.sha256()
    with available():
        try:
            with design.file.open("rb") as file:
                for chunk in file.chunks():
                    digest.update(chunk)
        except FileNotFoundError as error:
            raise EnginelBaseException("The stored file is gone. Upload it again.", details=details) from error
    if digest.hexdigest() != design.sha256:
        raise EnginelBaseException("The stored file is not the one that was uploaded.", details=details)


def remove_orphans() -> int:
    """Delete files without a design: of uploads that died half-way, and of rows that were deleted. Returns how many.

    Raises:
        ExternalServiceError: The storage failed.
    """
    old = Orphan.objects.filter(since__lt=timezone.now() - ORPHAN_AGE)
    paths = list(old.order_by("since").values_list("path", flat=True)[:ORPHANS_AT_ONCE])
    with available():
        for path in paths:
            _delete(path)
    return len(paths)


def _delete(path: str) -> None:
    """Delete an orphan's file; who adopts it at the same time waits for the verdict, which is the row count."""
    with transaction.atomic():
        if Orphan.objects.filter(path=path).delete()[0]:
            default_storage.delete(path)
