"""What an exception of a project tells machines beside its sentence."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.exceptions import APIException

from designs.exceptions import FileValidationError, StorageQuotaExceeded
from monitoring.access import problems


def answer(error: Exception) -> dict[str, Any]:
    found = problems.handle(error, {})
    assert found is not None
    return dict(found.data)


def test_its_code_and_details_are_told_and_the_field_that_is_wrong_is_named() -> None:
    told = answer(FileValidationError("It is empty.", details={"field": "file", "size": 0}))
    assert (told["status"], told["code"]) == (400, "file_validation_error")
    assert told["details"] == {"field": "file", "size": 0}
    assert told["errors"] == {"file": ["It is empty."]}


def test_without_a_field_there_are_no_errors_of_fields() -> None:
    told = answer(StorageQuotaExceeded(details={"used": 5, "quota": 4}))
    assert told["details"] == {"used": 5, "quota": 4}
    assert "errors" not in told


@pytest.mark.parametrize(
    "details", [None, "x", {"a": object()}, {"loop": None}, [1], {1: float("nan")}, {"field": ["a"]}, {"field": 5}]
)
def test_what_no_answer_can_hold_is_left_out(details: Any) -> None:
    error = APIException("broken")
    if isinstance(details, dict) and "loop" in details:
        details["loop"] = details
    error.code, error.details = 5, details  # type: ignore[attr-defined]
    told = answer(error)
    assert "code" not in told
    assert "errors" not in told
    problems.problem(500, "rendered").data.update(told)
