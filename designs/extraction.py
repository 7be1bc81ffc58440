"""Reads what is in a design's file and keeps it; the bodies of the tasks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, cast
from uuid import UUID

from . import stored
from .dispatch import queue_extraction
from .exceptions import EnginelBaseException, TaskTimeoutError
from .models import MAX_ATTEMPTS, Design, Failure
from .monitoring import ErrorTracker
from .parsing import ParseError, read_bom, read_geometry
from .results import failure_of

RESUMED_AT_ONCE = 100


def extract_geometry(design_id: UUID | str) -> bool:
    """Read schema, units, entity counts, products and bounding box; False when there was nothing to do.

    Raises:
        GeometryProcessingError: The file is broken; the design has failed with the message.
        ExternalServiceError: The file storage failed; the design waits.
    """
    with _telling(design_id, "geometry_extraction"):
        return _extract(design_id, Failure.GEOMETRY, read_geometry)


def extract_bom(design_id: UUID | str) -> bool:
    """Read the assembly tree; False when there was nothing to do.

    Raises:
        BOMExtractionError: The file is broken; the design has failed with the message.
        ExternalServiceError: The file storage failed; the design waits.
    """
    with _telling(design_id, "bom_extraction"):
        return _extract(design_id, Failure.BOM, read_bom)


def give_up_in_time(design_id: UUID | str, message: str) -> TaskTimeoutError:
    """End a design whose reading took too long; returns the error that says so."""
    Design(pk=design_id).fail(message, Failure.TIMEOUT)
    return TaskTimeoutError(message, details={"design": design_id})


def resume() -> int:
    """Queue designs whose lease ran out: their message was never sent, or its worker is gone. Returns how many.

    A design that has taken several workers down with it is given up instead of taking the next.
    """
    queued = 0
    for design in Design.objects.overdue()[:RESUMED_AT_ONCE]:
        if not design.expect_work():
            continue
        if design.attempts >= MAX_ATTEMPTS:
            step = Failure.GEOMETRY if design.geometry is None else Failure.BOM
            design.fail(f"Gave up: {MAX_ATTEMPTS} attempts to read the file ended without an answer.", step)
            continue
        if not queue_extraction(design):
            break  # The broker is away; the others wait as well there as here.
        queued += 1
    return queued


def _extract(design_id: UUID | str, step: Failure, read: Callable[[BinaryIO, str], dict[str, Any]]) -> bool:
    design = Design.objects.only("file", "format", step.value).filter(pk=design_id).first()
    if design is None or getattr(design, step.value) is not None or not design.begin():
        return False
    try:
        with design.file.open("rb") as file:
            found = read(cast(BinaryIO, file), design.format)
    except ParseError as error:
        raise _failed(design, step, str(error)) from error
    except FileNotFoundError as error:
        raise _failed(design, step, "The stored file is gone.") from error
    except OSError as error:
        design.forget_attempt()
        raise stored.unavailable() from error
    except (MemoryError, RecursionError):
        # What was read is held by the traceback until this block ends; only then is there memory to say so.
        found = None
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        raise _failed(design, step, "The file cannot be read: it holds something unexpected.") from error
    if found is None:
        raise _failed(design, step, "The file is too complex to be read.")
    return design.keep(step.value, found)


@contextmanager
def _telling(design_id: UUID | str, step: str) -> Iterator[None]:
    """Say of an error in this block which design, step and organization it is about."""
    try:
        yield
    except EnginelBaseException as error:
        design = Design.objects.select_related("organization").only("organization").filter(pk=design_id).first()
        organization = str(design.organization) if design is not None else None
        ErrorTracker.log_error(error, context={"design_id": design_id, "step": step, "organization": organization})
        raise


def _failed(design: Design, step: Failure, message: str) -> EnginelBaseException:
    """End a design that cannot be read; returns the error that says so."""
    design.fail(message, step)
    return failure_of(design, step, message)
