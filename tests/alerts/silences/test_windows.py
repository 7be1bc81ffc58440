"""When maintenance windows are open, also on the days on which clocks change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from monitoring.alerts.silences.windows import WindowError, check, open_until

STARTS = datetime(2026, 1, 1, tzinfo=UTC)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_a_window_opens_once() -> None:
    starts = at("2026-11-22T22:00Z")
    assert open_until(starts - timedelta(seconds=1), starts, 30, "", "UTC") is None
    assert open_until(starts, starts, 30, "", "UTC") == at("2026-11-22T22:30Z")
    assert open_until(at("2026-11-22T22:30Z"), starts, 30, "", "UTC") is None


@pytest.mark.parametrize(
    ("now", "closes"),
    [
        ("2026-11-21T21:30Z", None),
        ("2026-11-22T20:59:59Z", None),
        ("2026-11-22T21:00Z", "2026-11-22T23:00Z"),
        ("2026-11-22T22:59:59Z", "2026-11-22T23:00Z"),
        ("2026-11-22T23:00Z", None),
        ("2026-07-05T20:00Z", "2026-07-05T22:00Z"),
        ("2026-07-05T22:00Z", None),
    ],
)
def test_every_sunday_evening_in_berlin(now: str, closes: str | None) -> None:
    found = open_until(at(now), STARTS, 120, "0 22 * * SUN", "Europe/Berlin")
    assert found == (at(closes) if closes else None)


@pytest.mark.parametrize(
    ("now", "is_open"),
    [
        ("2026-10-25T00:29Z", False),  # 02:29, before clocks are put back
        ("2026-10-25T00:30Z", True),
        ("2026-10-25T01:10Z", True),  # 02:10, the second time
        ("2026-10-25T01:30Z", False),  # 02:30 once more: the window has been open for its hour
        ("2026-03-29T00:59Z", False),
        ("2026-03-29T01:05Z", True),  # 02:30 does not occur: it opens when that hour is skipped
        ("2026-03-29T02:05Z", False),
    ],
)
def test_on_days_on_which_clocks_change_it_opens_once_for_as_long_as_ever(now: str, is_open: bool) -> None:
    found = open_until(at(now), STARTS, 60, "30 2 * * *", "Europe/Berlin")
    assert (found is not None) is is_open


def test_it_never_opens_before_its_start_nor_after_its_end() -> None:
    def is_open(now: str) -> bool:
        found = open_until(at(now), at("2026-11-10T00:00Z"), 60, "0 * * * *", "UTC", at("2026-11-12T12:00Z"))
        return found is not None

    assert [is_open(day) for day in ("2026-11-09T12:10Z", "2026-11-11T12:10Z", "2026-11-12T12:10Z")] == [
        False,
        True,
        False,
    ]


def test_a_window_that_opens_while_it_is_open_stays_open() -> None:
    for hour in range(24):
        assert open_until(at(f"2026-11-22T{hour:02}:59Z"), STARTS, 90, "0 * * * *", "UTC") is not None


@pytest.mark.parametrize(
    ("cron", "zone", "minutes"),
    [
        ("0 22 * *", "UTC", 10),
        ("0 25 * * *", "UTC", 10),
        ("0 0 30 2 *", "UTC", 10),
        ("* * * * * *", "UTC", 10),
        ("0 22 * * *", "Mars/Base", 10),
        ("0 22 * * *", "../etc/passwd", 10),
        ("0 22 * * *", "", 10),
        ("", "UTC", 0),
        ("", "UTC", 10**6),
    ],
)
def test_a_window_that_could_never_be_open_is_refused(cron: str, zone: str, minutes: int) -> None:
    with pytest.raises(WindowError):
        check(cron, zone, minutes)


@pytest.mark.parametrize("cron", ["", "0 22 * * 0", "*/10 1-3 1,15 * *", "0 0 29 2 *", "0 0 L * *"])
def test_a_window_that_can_be_open_is_taken(cron: str) -> None:
    check(cron, "America/New_York", 60)
