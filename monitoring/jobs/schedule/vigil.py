"""Whether a beat lives and works, and whether there is but one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from monitoring.conf import Config

from . import beats
from .beats import Beat
from .models import ScheduleEntry, ScheduleWatch
from .report import Report

DEAD, DOUBLED = "beat_dead", "beat_doubled"
SUBJECT = "beat"
_MISSED_WATCHES = 4


def keep(row: ScheduleWatch, known: Sequence[Beat], report: Report, now: datetime, config: Config) -> None:
    """Raise and resolve what is wrong with beats, and remember in the watch's row how long it has been so.

    Args:
        row: What is remembered; changed, not stored.
        known: The beats of the last day.
        report: Where findings go.
        now: The time.
        config: This installation's settings.
    """
    since = now - row.watched
    if not timedelta(0) <= since <= timedelta(seconds=_MISSED_WATCHES * config.watch_interval):
        # While nobody watched, beats may have come and gone: everybody gets the time to start again.
        row.awake = now
    row.watched = now
    working = [beat for beat in known if beat.works]
    if working:
        row.beat_seen = now - timedelta(seconds=min(beat.seen for beat in working))
        report.resolve(DEAD, SUBJECT, now)
    elif not report.is_open(DEAD, SUBJECT) and _too_long(row, now, config) and _needed():
        report.raise_(DEAD, SUBJECT, _evidence(row, known), row.beat_seen or row.awake)
    elif report.is_open(DEAD, SUBJECT) and not _needed():
        report.resolve(DEAD, SUBJECT, now)
    double = beats.doubled(known)
    if double:
        report.raise_(DOUBLED, SUBJECT, {"nodes": double}, now)
    else:
        report.resolve(DOUBLED, SUBJECT, now)


def _too_long(row: ScheduleWatch, now: datetime, config: Config) -> bool:
    last = max(row.awake, row.beat_seen or row.awake)
    return now - last > timedelta(seconds=config.beat_dead_seconds)


def _needed() -> bool:
    return ScheduleEntry.objects.filter(enabled=True).exists()


def _evidence(row: ScheduleWatch, known: Sequence[Beat]) -> dict[str, object]:
    hanging = [beat for beat in known if beat.alive]
    last = min(known, key=lambda beat: beat.seen, default=None)
    return {
        "reason": "its loop does not tick" if hanging else "no heartbeat",
        "node": last.node if last is not None else "",
        "last_seen": row.beat_seen.isoformat(timespec="seconds") if row.beat_seen is not None else None,
    }
