"""Takes an uploaded file in: check, hash, store, row, and word to the workers once all of it is committed."""

from __future__ import annotations

import hashlib
import uuid
from pathlib import PurePath
from typing import Any, BinaryIO, cast

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone

from . import limits, part_numbers, stored
from .dispatch import queue_extraction
from .exceptions import CorruptedFile, FileSizeExceeded, InvalidFileFormat, raise_validation_error
from .models import LEASE, Design, Organization
from .monitoring import MetricsCollector
from .parsing import EXTENSIONS, HEAD_BYTES, IGES, STEP, ParseError, check_beginning, looks_like

_ARTICLES = {STEP: "a STEP", IGES: "an IGES"}
_FIELD = {"field": "file"}
DEFAULT_MAX_BYTES = 100 * 1024 * 1024


def max_bytes() -> int:
    """Return the size limit, the setting `DESIGN_MAX_UPLOAD_BYTES`."""
    return int(getattr(settings, "DESIGN_MAX_UPLOAD_BYTES", DEFAULT_MAX_BYTES))


def expect_size(size: int, allowance: int = 0) -> None:
    """Check that a file of this many bytes may be uploaded.

    Args:
        size: How many they are.
        allowance: How many of them may be something else.

    Raises:
        FileSizeExceeded: It is too large.
    """
    if size > max_bytes() + allowance:
        raise FileSizeExceeded(
            f"The file is larger than {max_bytes()} bytes.", details={**_FIELD, "size": size, "limit": max_bytes()}
        )


def format_of(file: UploadedFile) -> str:
    """Return the format of an upload, by its extension and by how it begins.

    Raises:
        FileValidationError: It is empty.
        FileSizeExceeded: It is too large.
        InvalidFileFormat: It is of another kind, or not what its extension says.
        CorruptedFile: It begins as it should, and is broken before its data.
    """
    if not file.size:
        raise_validation_error("The file is empty.", field="file")
    expect_size(file.size)
    format_name = EXTENSIONS.get(PurePath(file.name or "").suffix.lower())
    if format_name is None:
        allowed = sorted(EXTENSIONS)
        raise InvalidFileFormat(
            f"The file's extension must be one of {', '.join(allowed)}.", details={**_FIELD, "allowed": allowed}
        )
    head = file.read(HEAD_BYTES)
    file.seek(0)
    if not looks_like(format_name, head):
        raise InvalidFileFormat(
            f"The file does not begin like {_ARTICLES[format_name]} file.", details={**_FIELD, "format": format_name}
        )
    try:
        check_beginning(cast(BinaryIO, file), format_name)
    except ParseError as error:
        raise CorruptedFile(
            f"The file is damaged: {error}", details={**_FIELD, "format": format_name, "line": error.line}
        ) from error
    file.seek(0)
    return format_name


def take_in(file: UploadedFile, format_name: str, owner: Any, **about: Any) -> Design:
    """Store an upload and create its design.

    Args:
        file: The upload.
        format_name: Its format.
        owner: Who uploads.
        about: Fields of the design. Without an organization, it belongs to that of its series or its owner; without a
            name, it has the file's.

    Raises:
        OrganizationLimitExceeded: The organization has as many designs as it may have.
        StorageQuotaExceeded: It has not so much storage left.
        DuplicatePartNumber: Another of its designs has the part number.
        ExternalServiceError: The file storage failed.
    """
    series = about.get("series")
    design = Design(
        **{"id": uuid.uuid4(), "owner": owner, "format": format_name, "size": file.size or 0, **about},
        sha256=_digest(file),
        lease_until=timezone.now() + LEASE,
    )
    design.name = design.name or _name_of(file)
    if design.organization_id is None:
        design.organization = series.organization if series is not None else owner.organization
    # What is out of the question anyway need not be stored first; the verdict falls below, under the lock.
    limits.expect_room_for_design(design.organization, design.size)
    stored.save(design, file)
    try:
        with transaction.atomic(), part_numbers.once(design.part_number):
            limits.expect_room_for_design(Organization.objects.lock(design.organization_id), design.size)
            design.revision = series.next_revision() if series is not None else None
            design.save(force_insert=True)
            stored.adopt(design)
            transaction.on_commit(lambda: queue_extraction(design), robust=True)
    except BaseException:
        stored.remove(design)
        raise
    _count(design)
    return design


def _name_of(file: UploadedFile) -> str:
    stem = PurePath(file.name or "").stem
    return "".join(filter(str.isprintable, stem))[:200].strip() or "unnamed"


def _digest(file: UploadedFile) -> str:
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    file.seek(0)
    return digest.hexdigest()


def _count(design: Design) -> None:
    MetricsCollector.increment_counter("uploads_total")
    MetricsCollector.increment_counter(f"uploads_{design.format}")
    MetricsCollector.increment_counter("total_bytes_uploaded", design.size)
