"""What numbers in requests may look like."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.exceptions import ValidationError

from monitoring.access.fields import SecondsField


@pytest.mark.parametrize("value", [True, False, 10**400, "1" * 400, -1, "x", "\u0661", None, [], {}])
def test_what_is_no_number_of_seconds_is_refused(value: Any) -> None:
    with pytest.raises(ValidationError):
        SecondsField().run_validation(value)


@pytest.mark.parametrize("value", [0, 1, 1.5, "1.5", 10**9])
def test_seconds_are_whole_or_decimal(value: Any) -> None:
    assert SecondsField().run_validation(value) == float(value)
