"""What was read from a design's file, in the units somebody wants; or why there is nothing to show."""

from __future__ import annotations

from typing import Any

from . import units
from .exceptions import (
    BOMExtractionError,
    DesignNotReady,
    EnginelBaseException,
    GeometryProcessingError,
    TaskTimeoutError,
    UnitConversionError,
)
from .models import Design, Failure, Status

_ERRORS: dict[str, tuple[type[EnginelBaseException], str]] = {
    Failure.GEOMETRY: (GeometryProcessingError, "Failed to parse {format} file: {reason}"),
    Failure.BOM: (BOMExtractionError, "Failed to extract the bill of materials of the {format} file: {reason}"),
    Failure.TIMEOUT: (TaskTimeoutError, "{reason}"),
}


def failure_of(design: Design, failure: Failure, reason: str) -> EnginelBaseException:
    """Return the error that says why a design failed."""
    kind, message = _ERRORS[failure]
    return kind(
        message.format(format=design.get_format_display(), reason=reason),
        details={"design": design.pk, "format": design.format, "reason": reason},
    )


def expect_ready(design: Design) -> None:
    """Check that all of a design was read.

    Raises:
        DesignNotReady: It is still being read.
        GeometryProcessingError: Its geometry could not be read.
        BOMExtractionError: Its bill of materials could not be read.
        TaskTimeoutError: Reading it took too long.
    """
    if design.status == Status.FAILED:
        raise failure_of(design, Failure(design.failure or Failure.GEOMETRY), design.error_message)
    if design.status != Status.READY:
        raise DesignNotReady(details={"design": design.pk, "status": design.status})


def bill_of_materials(design: Design, unit: str | None) -> dict[str, Any]:
    """Return a design's assembly tree and parts, and the size of the whole.

    Args:
        design: The design.
        unit: The unit of the size; the file's own if None.

    Raises:
        UnitConversionError: The size cannot be told in that unit.
        EnginelBaseException: What is stored is no bill of materials.
    """
    bom, geometry = _stored(design, "bom"), _stored(design, "geometry")
    if not isinstance(bom.get("tree"), list) or not isinstance(bom.get("parts"), list):
        raise _damaged(design, "bom")
    box = _box_in(design, geometry, unit)
    size = {"unit": box["unit"], "size": box["size"]} if box is not None else None
    return {
        "design": str(design.pk),
        "dimensions": size,
        "tree": bom["tree"],
        "parts": bom["parts"],
        "truncated": bool(bom.get("truncated")),
    }


def geometry(design: Design, unit: str | None) -> dict[str, Any]:
    """Return a design's geometry with its bounding box in a unit.

    Args:
        design: The design.
        unit: The unit; the file's own if None.

    Raises:
        UnitConversionError: The box cannot be told in that unit.
        EnginelBaseException: What is stored is no geometry.
    """
    stored = _stored(design, "geometry")
    return {**stored, "design": str(design.pk), "bounding_box": _box_in(design, stored, unit)}


def _stored(design: Design, field: str) -> dict[str, Any]:
    found = getattr(design, field)
    if not isinstance(found, dict):
        raise _damaged(design, field)
    return found


def _damaged(design: Design, field: str) -> EnginelBaseException:
    return EnginelBaseException(
        "What was read from the file is damaged. Upload the file again.", details={"design": design.pk, "field": field}
    )


def _box_in(design: Design, geometry: dict[str, Any], unit: str | None) -> dict[str, Any] | None:
    """Return the bounding box in a unit, or as the file has it; None when there is none."""
    wanted, target = units.length_unit(unit) if unit is not None else ("", 1.0)
    try:
        box, known = geometry["bounding_box"], geometry["units"]
        length = known.get("length") or {}
        name, metres, mixed = length.get("name"), length.get("si_factor"), bool(known.get("mixed"))
        if box is None:
            return None
        if unit is None:
            return {**box, "unit": None if mixed else name}
        # A unit of no length, or of less, is a file's own nonsense.
        if metres is None or metres <= 0 or mixed:
            why = "measures lengths in several units" if mixed else "does not say in which unit it measures lengths"
            raise UnitConversionError(f"The file {why}.", details={"design": design.pk, "unit": unit})
        converted = {key: units.convert(box[key], metres, target) for key in ("min", "max", "size")}
    except (AttributeError, KeyError, TypeError) as error:
        raise _damaged(design, "geometry") from error
    return {**box, **converted, "unit": wanted}
