"""What can go wrong with designs: one class for each kind of trouble, with its HTTP status, a code and details.

A message is written for the person who gets the answer. `code` and `details` are for programs: whatever goes in comes
out as JSON. No class here knows how an answer looks; the API's exception handler does.
"""

# The class names are those that clients and their documentation know.
# ruff: noqa: N818

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

from rest_framework import status
from rest_framework.exceptions import APIException

_MAX_TEXT, _MAX_ITEMS, _MAX_DEPTH = 500, 50, 4


class EnginelBaseException(APIException):
    """Something went wrong that is no fault of the caller; also what all other exceptions of designs are.

    Args:
        detail: What went wrong this time, for a person to read.
        code: What kind of trouble it is, for programs; the class's own unless given.
        details: Facts about it, for programs. What is no JSON becomes text, and all of it is bounded.

    Attributes:
        code: The kind of trouble.
        details: The facts, as JSON values.
    """

    status_code: int = status.HTTP_500_INTERNAL_SERVER_ERROR
    default_detail = "The design service failed."
    default_code = "enginel_error"

    def __init__(
        self, detail: str | None = None, code: str | None = None, *, details: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(detail, code)
        self.code = code or self.default_code
        self.details: dict[str, Any] = _as_json(dict(details or {}))


class GeometryProcessingError(EnginelBaseException):
    """A CAD file cannot be parsed, or its geometry cannot be made out."""

    status_code = status.HTTP_422_UNPROCESSABLE_ENTITY
    default_detail = "The geometry of the file cannot be read."
    default_code = "geometry_processing_error"


class FileValidationError(EnginelBaseException):
    """An upload is not one that can be taken."""

    status_code = status.HTTP_400_BAD_REQUEST
    default_detail = "The file cannot be taken."
    default_code = "file_validation_error"


class InvalidFileFormat(FileValidationError):
    """A file is of a kind that is not read, or not of the kind its name says."""

    default_detail = "The file is of no format that is read."
    default_code = "invalid_file_format"


class FileSizeExceeded(FileValidationError):
    """A single file is larger than any may be."""

    default_detail = "The file is too large."
    default_code = "file_size_exceeded"


class CorruptedFile(FileValidationError):
    """A file is of a known format, and broken from its beginning on."""

    default_detail = "The file is damaged."
    default_code = "corrupted_file"


class OrganizationLimitExceeded(EnginelBaseException):
    """There are as many things of a kind as there may be."""

    status_code = status.HTTP_403_FORBIDDEN
    default_detail = "The organization has reached a limit."
    default_code = "organization_limit_exceeded"


class InsufficientPermissions(EnginelBaseException):
    """A member's role does not suffice."""

    status_code = status.HTTP_403_FORBIDDEN
    default_detail = "Your role in the organization does not allow this."
    default_code = "insufficient_permissions"


class ITARViolation(EnginelBaseException):
    """Technical data under ITAR would reach somebody who is not a US person."""

    status_code = status.HTTP_403_FORBIDDEN
    default_detail = "This is under ITAR, and open to US persons only."
    default_code = "itar_violation"


class ClearanceLevelInsufficient(EnginelBaseException):
    """A user's clearance is below what is required."""

    status_code = status.HTTP_403_FORBIDDEN
    default_detail = "Your clearance does not suffice."
    default_code = "clearance_level_insufficient"


class UnitConversionError(EnginelBaseException):
    """A length cannot be told in the unit that was asked for."""

    status_code = status.HTTP_422_UNPROCESSABLE_ENTITY
    default_detail = "The unit cannot be converted."
    default_code = "unit_conversion_error"


class BOMExtractionError(EnginelBaseException):
    """The bill of materials of a file cannot be made out."""

    status_code = status.HTTP_422_UNPROCESSABLE_ENTITY
    default_detail = "The bill of materials cannot be read."
    default_code = "bom_extraction_error"


class StorageQuotaExceeded(EnginelBaseException):
    """An upload would take more storage than its organization has left."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_detail = "The organization has no storage left for this file."
    default_code = "storage_quota_exceeded"


class UserLimitExceeded(EnginelBaseException):
    """An organization has as many users as it may have, those invited included."""

    status_code = status.HTTP_403_FORBIDDEN
    default_detail = "The organization has as many users as it may have."
    default_code = "user_limit_exceeded"


class DesignNotReady(EnginelBaseException):
    """A design is still being read."""

    status_code = status.HTTP_409_CONFLICT
    default_detail = "The design is still being processed."
    default_code = "design_not_ready"


class DuplicatePartNumber(EnginelBaseException):
    """Another design of the organization has the part number."""

    status_code = status.HTTP_409_CONFLICT
    default_detail = "The part number is taken."
    default_code = "duplicate_part_number"


class TaskTimeoutError(EnginelBaseException):
    """Reading a file took longer than its task may."""

    status_code = status.HTTP_504_GATEWAY_TIMEOUT
    default_detail = "Reading the file took too long."
    default_code = "task_timeout"


class ExternalServiceError(EnginelBaseException):
    """A service that designs depend on, like the file storage, does not answer."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_detail = "A service that is needed for this is not available. Try again later."
    default_code = "external_service_error"


def raise_geometry_error(message: str, original_exception: BaseException | None = None) -> NoReturn:
    """Raise that a file's geometry cannot be read, chained to what was the matter.

    Raises:
        GeometryProcessingError: Always.
    """
    error = GeometryProcessingError(message)
    if original_exception is None:
        raise error  # `from None` would hide what is being handled
    raise error from original_exception


def raise_validation_error(message: str, field: str | None = None) -> NoReturn:
    """Raise that an upload cannot be taken.

    Args:
        message: What is wrong with it.
        field: The name of the field that is wrong.

    Raises:
        FileValidationError: Always.
    """
    raise FileValidationError(message, details={"field": field} if field else None)


def raise_permission_error(required_role: str | None = None, current_role: str | None = None) -> NoReturn:
    """Raise that a member's role does not suffice.

    Args:
        required_role: The least role that would.
        current_role: The role the member has; None for somebody who is no member.

    Raises:
        InsufficientPermissions: Always.
    """
    message = None
    if required_role is not None:
        message = f"This needs the role {required_role}; yours is {current_role or 'none'}."
    raise InsufficientPermissions(message, details={"required_role": required_role, "current_role": current_role})


def _as_json(value: Any, depth: int = 0) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float) and value - value == 0:  # JSON has neither infinity nor NaN
        return value
    if depth < _MAX_DEPTH:
        if isinstance(value, Mapping):
            return {_text(key): _as_json(item, depth + 1) for key, item in list(value.items())[:_MAX_ITEMS]}
        if isinstance(value, list | tuple | set | frozenset):
            return [_as_json(item, depth + 1) for item in list(value)[:_MAX_ITEMS]]
    return _text(value)


def _text(value: Any) -> str:
    """Return a text that every database and encoding takes: without null bytes and lone surrogates."""
    try:
        text = str(value)
    except Exception:  # the details of an error must not raise another
        text = f"<{type(value).__name__}>"
    return text[:_MAX_TEXT].replace("\0", "\ufffd").encode(errors="replace").decode()
