"""When maintenance windows are open. Pure; nothing here looks at a clock."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

_CLOCK_CHANGE = timedelta(hours=2)
MAX_MINUTES = 31 * 24 * 60


class WindowError(ValueError):
    """A window that could never be open; the message says why, to a person."""


def check(cron: str, time_zone: str, minutes: int) -> None:
    """Make sure that a window can be open.

    Args:
        cron: When it opens, in five fields; empty for once.
        time_zone: IANA name of a zone.
        minutes: For how long it is open.

    Raises:
        WindowError: It cannot.
    """
    zone = _zone(time_zone)
    if not 0 < minutes <= MAX_MINUTES:
        raise WindowError(f"A window is open for 1 to {MAX_MINUTES} minutes.")
    if cron and len(cron.split()) != 5:
        raise WindowError(f"{cron[:100]!r} does not have the five fields of a crontab.")
    if cron and next(_openings(cron, zone, datetime(2026, 1, 1, tzinfo=UTC)), None) is None:
        raise WindowError(f"{cron[:100]!r} is never due.")


def open_until(
    now: datetime, starts: datetime, minutes: int, cron: str, time_zone: str, ends: datetime | None = None
) -> datetime | None:
    """Say until when a window is open.

    Args:
        now: When that is asked.
        starts: When it opens; with `cron`, before when it never does.
        minutes: For how long it is open each time.
        cron: When it opens again and again; empty for once.
        time_zone: IANA name of the zone whose clock `cron` follows.
        ends: With `cron`: from when on it opens no more.

    Returns:
        When it closes; None while it is not open.

    Raises:
        WindowError: It could never be open.
    """
    length = timedelta(minutes=minutes)
    if not cron:
        return starts + length if starts <= now < starts + length else None
    for opened in _openings(cron, _zone(time_zone), now - length - _CLOCK_CHANGE):
        if opened > now or (ends is not None and opened >= ends):
            return None
        if opened >= starts and now < opened + length:
            return opened + length
    return None


def _openings(cron: str, zone: ZoneInfo, after: datetime) -> Iterator[datetime]:
    """Yield when a crontab is due, in UTC. Where clocks are put back, some may be before `after`."""
    try:
        for found in CronSim(cron, after.astimezone(zone)):
            yield found.astimezone(UTC)
    except CronSimError as error:
        raise WindowError(f"{cron[:100]!r} is no crontab: {error}.") from error


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise WindowError(f"{name[:60]!r} is no time zone like Europe/Berlin.") from error
