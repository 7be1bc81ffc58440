"""The files of designs in the file storage, which may be elsewhere and away."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone

from .exceptions import EnginelBaseException, ExternalServiceError
from .models import Design

FOLDER = "designs"
ORPHAN_AGE = timedelta(hours=1)
"""Far longer than it takes from storing a file to the commit of its row."""
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
    """Store the file of a design that has no row yet.

    Raises:
        ExternalServiceError: The storage failed.
    """
    with available():
        design.file.save(file.name or "", file, save=False)


def remove(design: Design) -> None:
    """Delete the file of a design that has no row any more; what cannot be deleted now is an orphan."""
    try:
        design.file.storage.delete(str(design.file.name))
    except OSError as error:
        logger.warning("The file of design %s stays for now: %s", design.pk, type(error).__name__)


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
    removed = 0
    with available():
        for folder in _folders():
            paths = _files_in(f"{FOLDER}/{folder}")
            for known in Design.objects.filter(pk__in=list(paths)).values_list("pk", flat=True):
                del paths[known]
            removed += sum(map(_remove_if_old, paths.values()))
    return removed


def _folders() -> list[str]:
    with suppress(FileNotFoundError):
        return default_storage.listdir(FOLDER)[0]
    return []


def _files_in(folder: str) -> dict[UUID, str]:
    """Return the paths of files that are named as ours are, by the id of their design."""
    found = {}
    for name in default_storage.listdir(folder)[1]:
        stem = name.partition(".")[0]
        with suppress(ValueError):
            if str(UUID(stem)) == stem:
                found[UUID(stem)] = f"{folder}/{name}"
    return found


def _remove_if_old(path: str) -> bool:
    with suppress(FileNotFoundError):
        if default_storage.get_modified_time(path) < timezone.now() - ORPHAN_AGE:
            default_storage.delete(path)
            return True
    return False
