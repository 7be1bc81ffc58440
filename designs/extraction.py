"""Reads what is in a design's file and keeps it; the bodies of the tasks."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, BinaryIO, cast
from uuid import UUID

from .dispatch import queue_extraction
from .models import MAX_ATTEMPTS, Design
from .parsing import ParseError, read_bom, read_geometry

RESUMED_AT_ONCE = 100
logger = logging.getLogger(__name__)


def extract_geometry(design_id: UUID | str) -> bool:
    """Read schema, units, entity counts, products and bounding box; False when there was nothing to do.

    Raises:
        ParseError: The file is broken; the design has failed with the message.
    """
    return _extract(design_id, "geometry", read_geometry)


def extract_bom(design_id: UUID | str) -> bool:
    """Read the assembly tree; False when there was nothing to do.

    Raises:
        ParseError: The file is broken; the design has failed with the message.
    """
    return _extract(design_id, "bom", read_bom)


def give_up(design_id: UUID | str, message: str) -> bool:
    """End a design that cannot be read, for a reason its file does not tell."""
    return Design(pk=design_id).fail(message)


def resume() -> int:
    """Queue designs whose lease ran out: their message was never sent, or its worker is gone. Returns how many.

    A design that has taken several workers down with it is given up instead of taking the next.
    """
    queued = 0
    for design in Design.objects.overdue()[:RESUMED_AT_ONCE]:
        if not design.expect_work():
            continue
        if design.attempts >= MAX_ATTEMPTS:
            design.fail(f"Gave up: {MAX_ATTEMPTS} attempts to read the file ended without an answer.")
            continue
        if not queue_extraction(design):
            break  # The broker is away; the others wait as well there as here.
        queued += 1
    return queued


def _extract(design_id: UUID | str, step: str, read: Callable[[BinaryIO, str], dict[str, Any]]) -> bool:
    design = Design.objects.only("file", "format", step).filter(pk=design_id).first()
    if design is None or getattr(design, step) is not None or not design.begin():
        return False
    try:
        with design.file.open("rb") as file:
            found = read(cast(BinaryIO, file), design.format)
    except ParseError as error:
        design.fail(str(error))
        raise
    except FileNotFoundError as error:
        design.fail("The stored file is gone.")
        raise ParseError("the stored file is gone") from error
    except OSError:
        design.forget_attempt()
        raise
    except (MemoryError, RecursionError):
        # What was read is held by the traceback until this block ends; only then is there memory to say so.
        found = None
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        logger.exception("Design %s: the reader did not expect such a file", design.pk)
        design.fail("The file cannot be read: it holds something unexpected.")
        raise ParseError("the file holds something unexpected") from error
    if found is None:
        design.fail("The file is too complex to be read.")
        raise ParseError("the file is too complex to be read")
    return design.keep(step, found)
