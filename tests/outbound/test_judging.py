"""What an answer means for the next attempt."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from monitoring.outbound.judging import may_pass, retry_after


@pytest.mark.parametrize(
    ("status", "may"), [(500, True), (503, True), (429, True), (408, True), (404, False), (301, False)]
)
def test_troubles_of_the_server_pass_and_refusals_do_not(status: int, may: bool) -> None:
    assert may_pass(status) is may


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("120", 120), ("0", 0), ("-5", 0), ("1.5", 1.5), ("", None), ("soon", None), ("inf", None), ("nan", None)],
)
def test_a_server_says_in_seconds_for_how_long_it_wants_to_be_left_alone(text: str, seconds: float | None) -> None:
    assert retry_after({"retry-AFTER": text}) == seconds
    assert retry_after({}) is None


def test_or_until_when() -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    assert 3_500 < (retry_after({"Retry-After": later}) or 0) <= 3_600
    assert retry_after({"Retry-After": "Sun, 06 Nov 1994 08:49:37 GMT"}) == 0
