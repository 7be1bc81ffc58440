"""Drains errors into one database, in a process of its own, and prints its table."""

from __future__ import annotations

import argparse
import cProfile
import os
import pickle
import pstats
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import django

from benchmarks.statements import counting

from .batches import Run

_BATCH = 5_000
_BEFORE = "before"


@dataclass
class Digested:
    """What the errors of one drain took.

    Attributes:
        accepted: Nanoseconds of appending their entries to the stream.
        wall: Nanoseconds until all of them were rows, by the clock on the wall.
        cpu: Nanoseconds of the digesting thread's CPU.
        commits: How many transactions that took.
        statements: In the transaction with the most.
    """

    errors: int
    accepted: int
    wall: int
    cpu: int
    commits: int
    statements: int


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--title", required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--stored", type=int, default=0)
    parser.add_argument("--profile", action="store_true")
    chosen = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "enginel.settings")
    os.environ["MONITORING"] = '{"GROUPS_PER_HOUR": 1000000}'  # how groups are made is what is measured
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    runs: list[Run] = pickle.loads((chosen.folder / "runs").read_bytes())
    stored = f", {chosen.stored:,} stored before" if chosen.stored else ""
    print(f"\n{chosen.title}: errors digested, one thread{stored}")
    print(
        f"{'':38} {'accepted/s':>10} {'digested/s':>10} {'per CPU-s':>10} {'commits':>8} {'statements':>11}"
        f" {'groups':>7} {'rows':>9} {'with payload':>13} {'sender µs':>10}"
    )
    _store(chosen.stored)
    for run in runs:
        _clear()
        profile = cProfile.Profile() if chosen.profile else None
        for number, entries in enumerate(run.entries):
            taken = _digest(run.errors, entries, profile if number else None)
            _check(run.errors * (number + 1))
            title = run.title if number == 0 else "  again"
            _print(title, taken, chosen.stored, run.sending)
        if profile is not None and len(run.entries) > 1:
            pstats.Stats(profile).sort_stats("tottime").print_stats(25)


def _digest(errors: int, entries: Sequence[dict[str, str | bytes]], profile: cProfile.Profile | None) -> Digested:
    """Drain until the stream is empty, with the budget that drains have in production."""
    from monitoring.conf import get_config
    from monitoring.intake.commit import Intake
    from monitoring.intake.connections import write_connection
    from monitoring.intake.drain import drain
    from monitoring.stream import streams
    from monitoring.stream.connection import connect

    config = replace(get_config(), stream_prefix=f"bench-{os.getpid()}")
    stream = streams.Stream(config.stream_prefix, 0, streams.FACTS)
    client = connect(config.redis_url, 60.0, 2)
    start = time.perf_counter_ns()
    for fields in entries:
        streams.append(client, stream, fields, 2**50)
    accepted = time.perf_counter_ns() - start
    intake, commits, statements = Intake(write_connection(), config, stream), 0, 0
    wall, cpu = time.perf_counter_ns(), time.thread_time_ns()
    if profile is not None:
        profile.enable()
    while True:
        with counting(intake.connection) as seen:
            if not drain(intake, client):
                break
        commits, statements = commits + 1, max(statements, len(seen))
    if profile is not None:
        profile.disable()
    wall, cpu = time.perf_counter_ns() - wall, time.thread_time_ns() - cpu
    return Digested(errors, accepted, wall, cpu, commits, statements)


def _check(errors: int) -> None:
    """Every error must have been counted, and logged, exactly once."""
    from django.db.models import Sum

    from monitoring.errors.groups.models import ErrorGroup, GroupHour
    from monitoring.errors.log.models import ErrorLog
    from monitoring.intake.models import DeadLetter

    counted = ErrorGroup.objects.exclude(service=_BEFORE).aggregate(count=Sum("count"))["count"]
    hours = GroupHour.objects.aggregate(count=Sum("count"))["count"]
    logged = ErrorLog.objects.exclude(service=_BEFORE).count()
    assert (counted, hours, logged) == (errors, errors, errors), f"{counted}, {hours}, {logged} of {errors}"
    assert not DeadLetter.objects.exists()


def _print(title: str, taken: Digested, stored: int, sending: float) -> None:
    from monitoring.errors.groups.models import ErrorGroup
    from monitoring.errors.log.models import ErrorLog

    rows, payloads = ErrorLog.objects.count() - stored, ErrorLog.objects.exclude(kept="").count()
    rates = (taken.errors / spent * 1e9 for spent in (taken.accepted, taken.wall, taken.cpu))
    print(
        f"{title:38} {' '.join(f'{rate:10,.0f}' for rate in rates)} {taken.commits:8,} {taken.statements:11,}"
        f" {ErrorGroup.objects.exclude(service=_BEFORE).count():7,} {rows:9,} {payloads:13,} {sending:10,.0f}",
        flush=True,
    )


def _store(count: int) -> None:
    """Let there be errors of yesterday: rows without a payload, of a hundred groups."""
    from monitoring.errors.digest import rows
    from monitoring.errors.digest.sightings import Sighting
    from monitoring.errors.groups.models import ErrorGroup
    from monitoring.intake.connections import write_connection

    then = datetime.now(UTC) - timedelta(days=1)
    for _ in range(100 if count else 0):
        ErrorGroup.objects.create(service=_BEFORE, first_seen=then, last_seen=then, count=count // 100)
    groups = list(ErrorGroup.objects.values_list("pk", flat=True))
    moment = round(then.timestamp() * 1000)
    for first in range(0, count, _BATCH):
        stored = [
            Sighting(
                error_id=uuid.uuid4(),
                at=moment - number,
                service=_BEFORE,
                release="1.0",
                environment="",
                fingerprints=[f"{number % 100:016x}"],
                name="GET api/parts/",
                status=500,
                trace_id=f"{number:032x}",
                user="",
                client="10.0.0.1",
                group_id=groups[number % 100],
            )
            for number in range(first, min(first + _BATCH, count))
        ]
        rows.write(stored, write_connection())


def _clear() -> None:
    """Let nothing be left of other runs but what was stored before them."""
    from django.db import connection

    from monitoring.errors.bugs.models import KnownBug
    from monitoring.errors.groups.models import ErrorGroup, Release
    from monitoring.errors.log.models import ErrorLog
    from monitoring.intake.models import Cursor, Producer
    from monitoring.storage import names, partitions

    with connection.cursor() as cursor:
        for model in (KnownBug, *_of_groups(), Release, Cursor, Producer):
            cursor.execute(f'DELETE FROM "{model._meta.db_table}"')
        for model in (ErrorLog, ErrorGroup):
            cursor.execute(f'DELETE FROM "{model._meta.db_table}" WHERE service <> %s', [_BEFORE])
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "VACUUM")
    names.forget()
    partitions.forget()


def _of_groups() -> list[type[django.db.models.Model]]:
    from monitoring.errors.groups import models

    return [models.GroupEntry, models.GroupFingerprint, models.GroupHour, models.GroupRelease, models.GroupUser]


if __name__ == "__main__":
    main()
