"""Takes an uploaded file in: hash, store, row, and word to the workers once all of it is committed."""

from __future__ import annotations

import hashlib
import uuid
from pathlib import PurePath
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone

from .dispatch import queue_extraction
from .models import LEASE, Design, Series
from .monitoring import MetricsCollector
from .parsing import EXTENSIONS, HEAD_BYTES, IGES, STEP, looks_like

_ARTICLES = {STEP: "a STEP", IGES: "an IGES"}
DEFAULT_MAX_BYTES = 100 * 1024 * 1024


def max_bytes() -> int:
    """Return the size limit, the setting `DESIGN_MAX_UPLOAD_BYTES`."""
    return int(getattr(settings, "DESIGN_MAX_UPLOAD_BYTES", DEFAULT_MAX_BYTES))


def format_of(file: UploadedFile) -> str:
    """Return the format of an upload, by its extension and its first bytes.

    Raises:
        ValueError: It is too large, of another kind, or not what its extension says.
    """
    if file.size is None or file.size > max_bytes():
        raise ValueError(f"The file is larger than {max_bytes()} bytes.")
    format_name = EXTENSIONS.get(PurePath(file.name or "").suffix.lower())
    if format_name is None:
        raise ValueError(f"The file's extension must be one of {', '.join(sorted(EXTENSIONS))}.")
    head = file.read(HEAD_BYTES)
    file.seek(0)
    if not looks_like(format_name, head):
        raise ValueError(f"The file does not begin like {_ARTICLES[format_name]} file.")
    return format_name


def take_in(file: UploadedFile, format_name: str, owner: Any, name: str = "", series: Series | None = None) -> Design:
    """Store an upload and create its design."""
    design = Design(
        id=uuid.uuid4(),
        owner=owner,
        series=series,
        name=name or _name_of(file),
        format=format_name,
        size=file.size or 0,
        sha256=_digest(file),
        lease_until=timezone.now() + LEASE,
    )
    design.file.save(file.name or "", file, save=False)
    try:
        with transaction.atomic():
            design.revision = series.next_revision() if series else None
            design.save(force_insert=True)
            transaction.on_commit(lambda: queue_extraction(design), robust=True)
    except BaseException:
        design.file.delete(save=False)
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
