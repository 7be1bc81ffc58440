"""What an error says, as people can read it."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.exceptions import APIException, ValidationError

from monitoring.errors.groups.models import ErrorGroup
from monitoring.errors.models import ErrorLog
from monitoring.recording import errors

pytestmark = pytest.mark.usefixtures("eager")


class BrokenDetailError(Exception):
    """Has a detail that cannot be had."""

    @property
    def detail(self) -> Any:
        raise RuntimeError


class OtherDetailError(Exception):
    """Has a detail that is no matter of fields."""

    detail = "other"


def message_of(exception: BaseException) -> str:
    errors.report(exception)
    return ErrorLog.objects.get().message


@pytest.mark.parametrize(
    ("exception", "said"),
    [
        (ValidationError({"cnt": ["This cannot be given."]}), "cnt: This cannot be given."),
        (
            ValidationError({"a": ["Too large.", "Too red."], "b": {"c": ["No."]}}),
            "a: Too large.; a: Too red.; c: No.",
        ),
        (ValidationError([{"size": ["No."]}, {}]), "size: No."),
        (ValidationError("All of it is wrong."), "All of it is wrong."),
        (ValidationError({}), ""),
        (APIException({"code": 7}), "code: 7"),  # type: ignore[arg-type]
        (APIException("The printer is out of paper."), "The printer is out of paper."),
        (OtherDetailError("what it says"), "what it says"),
        (BrokenDetailError("what it says"), "<unprintable>"),
    ],
)
def test_what_is_wrong_with_which_field_is_a_sentence(exception: BaseException, said: str) -> None:
    assert message_of(exception) == said


def test_it_is_the_title_of_the_group() -> None:
    errors.report(ValidationError({"cnt": ["This cannot be given."]}))
    assert ErrorGroup.objects.get().title == "ValidationError: cnt: This cannot be given."


def test_it_is_bounded_and_without_secrets() -> None:
    detail: Any = "deep"
    for _ in range(200):
        detail = {"x": detail}
    message = message_of(
        ValidationError({"password": ["hunter2 is too short"], "many": ["no"] * 5_000, "deep": detail})
    )
    assert len(message) <= 2_000
    assert "hunter2" not in message


def test_one_that_holds_itself_is_told_as_well() -> None:
    detail: list[Any] = []
    detail.append(detail)
    broken = APIException()
    broken.detail = detail  # type: ignore[assignment]
    assert message_of(broken) == "[[...]]"


def test_of_fields_within_fields_only_the_first_are_told() -> None:
    fields: Any = ["no"]
    for _ in range(3):
        fields = {str(number): fields for number in range(30)}
    assert message_of(ValidationError(fields)) == "; ".join(f"{number}: no" for number in range(20))
