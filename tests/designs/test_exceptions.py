"""The eighteen exceptions: what they are, what they say, and that they travel."""

import copy
import json
import pickle
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.exceptions import APIException

from designs import exceptions
from designs.exceptions import (
    BOMExtractionError,
    ClearanceLevelInsufficient,
    CorruptedFile,
    DesignNotReady,
    DuplicatePartNumber,
    EnginelBaseException,
    ExternalServiceError,
    FileSizeExceeded,
    FileValidationError,
    GeometryProcessingError,
    InsufficientPermissions,
    InvalidFileFormat,
    ITARViolation,
    OrganizationLimitExceeded,
    StorageQuotaExceeded,
    TaskTimeoutError,
    UnitConversionError,
    UserLimitExceeded,
    raise_geometry_error,
    raise_permission_error,
    raise_validation_error,
)

STATUSES = {
    EnginelBaseException: 500,
    GeometryProcessingError: 422,
    FileValidationError: 400,
    InvalidFileFormat: 400,
    FileSizeExceeded: 400,
    CorruptedFile: 400,
    OrganizationLimitExceeded: 403,
    InsufficientPermissions: 403,
    ITARViolation: 403,
    ClearanceLevelInsufficient: 403,
    UnitConversionError: 422,
    BOMExtractionError: 422,
    StorageQuotaExceeded: 413,
    UserLimitExceeded: 403,
    DesignNotReady: 409,
    DuplicatePartNumber: 409,
    TaskTimeoutError: 504,
    ExternalServiceError: 503,
}


class _Unprintable:
    def __str__(self):
        raise RuntimeError


def test_these_are_all_of_them():
    found = [value for value in vars(exceptions).values() if isinstance(value, type)]

    assert {one for one in found if issubclass(one, APIException)} - {APIException} == set(STATUSES)


@pytest.mark.parametrize("kind", STATUSES)
def test_each_has_its_status_its_own_code_and_a_message(kind):
    error = kind()

    assert error.status_code == STATUSES[kind]
    assert error.code == error.get_codes() == kind.default_code
    assert str(error) == kind.default_detail != EnginelBaseException.__base__.default_detail
    assert error.details == {}
    assert issubclass(kind, EnginelBaseException)
    assert [other for other in STATUSES if other.default_code == kind.default_code] == [kind]


@pytest.mark.parametrize("kind", [InvalidFileFormat, FileSizeExceeded, CorruptedFile])
def test_what_is_wrong_with_a_file_is_caught_as_one_kind(kind):
    assert issubclass(kind, FileValidationError)


@pytest.mark.parametrize("kind", STATUSES)
@pytest.mark.parametrize("travel", [copy.copy, lambda error: pickle.loads(pickle.dumps(error))], ids=["copy", "pickle"])
def test_each_travels_between_processes(kind, travel):
    arrived = travel(kind("It broke.", "broken", details={"design": UUID(int=7)}))

    assert (type(arrived), str(arrived), arrived.code) == (kind, "It broke.", "broken")
    assert arrived.details == {"design": str(UUID(int=7))}


def test_an_error_can_be_raised_with_a_message_alone():
    def process_invalid_file():
        raise GeometryProcessingError("Failed to parse STEP file")

    with pytest.raises(GeometryProcessingError) as exc_info:
        process_invalid_file()

    assert exc_info.value.status_code == 422
    assert "Failed to parse" in str(exc_info.value)


def test_a_geometry_error_keeps_what_was_the_matter():
    cause = OSError("unreadable")

    with pytest.raises(GeometryProcessingError, match="Failed to parse CAD file") as exc_info:
        raise_geometry_error("Failed to parse CAD file", original_exception=cause)

    assert exc_info.value.__cause__ is cause


def test_a_geometry_error_without_a_cause_keeps_what_is_being_handled():
    def handle():
        try:
            Path("/no/such/file").read_text()
        except OSError:
            raise_geometry_error("Failed to parse CAD file")

    with pytest.raises(GeometryProcessingError) as exc_info:
        handle()

    assert isinstance(exc_info.value.__context__, OSError)
    assert not exc_info.value.__suppress_context__


def test_a_validation_error_names_its_field():
    with pytest.raises(FileValidationError, match="File too large") as exc_info:
        raise_validation_error("File too large", field="file")

    assert exc_info.value.details == {"field": "file"}


def test_a_validation_error_needs_no_field():
    with pytest.raises(FileValidationError) as exc_info:
        raise_validation_error("No")

    assert exc_info.value.details == {}


@pytest.mark.parametrize("current", ["VIEWER", None])
def test_a_permission_error_says_both_roles(current):
    with pytest.raises(InsufficientPermissions, match="ADMIN") as exc_info:
        raise_permission_error(required_role="ADMIN", current_role=current)

    assert exc_info.value.details == {"required_role": "ADMIN", "current_role": current}


def test_details_become_json():
    error = EnginelBaseException(
        details={
            "id": UUID(int=1),
            "when": datetime(2026, 11, 22, tzinfo=UTC),
            "price": Decimal("1.5"),
            "nan": float("nan"),
            "set": {1},
            "null\0": "a\0b\udcff",
            1: _Unprintable(),
            "long": "x" * 10_000,
            "many": list(range(1_000)),
        }
    )

    assert error.details["id"] == str(UUID(int=1))
    assert error.details["nan"] == "nan"
    assert error.details["set"] == [1]
    assert error.details["null\ufffd"] == "a\ufffdb?"
    assert error.details["1"] == "<_Unprintable>"
    assert (len(error.details["long"]), len(error.details["many"])) == (500, 50)
    json.dumps(error.details, allow_nan=False).encode()


def test_details_that_hold_themselves_are_cut():
    endless: dict = {}
    endless["self"] = endless

    assert len(json.dumps(EnginelBaseException(details=endless).details)) < 1_000


@given(
    st.dictionaries(
        st.text(),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)) | st.binary(),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
            max_leaves=10,
        ),
        max_size=5,
    )
)
def test_whatever_the_details_are_they_are_json(details):
    json.dumps(EnginelBaseException(details=details).details, allow_nan=False).encode()
