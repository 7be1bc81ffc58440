"""Time-series tables on both databases: partitions appear when needed and go when old."""

from __future__ import annotations

import threading

import pytest
from django.db import connection, connections

from monitoring.performance.models import MinuteRollup
from monitoring.storage import bulk, partitions

pytestmark = pytest.mark.django_db(transaction=True)

DAY = 24 * 60


def put(start: int, name_id: int = 1) -> None:
    partitions.ensure(connection, MinuteRollup, [start])
    values = {"count": 1, "errors": 0, "total": 5, "minimum": 5, "maximum": 5, "buckets": b""}
    rows = {"name_id": [name_id], "start": [start], "shard": [0]} | {key: [value] for key, value in values.items()}
    bulk.put(connection, MinuteRollup, rows)


def starts() -> list[int]:
    return sorted(MinuteRollup.objects.values_list("start", flat=True))


def test_rows_of_any_day_can_be_stored_and_overwritten() -> None:
    for start in (0, DAY - 1, DAY, 400 * DAY, 0):
        put(start)
    assert starts() == [0, DAY - 1, DAY, 400 * DAY]


def test_what_is_older_than_the_cutoff_goes_and_the_rest_stays() -> None:
    for start in (0, DAY, 2 * DAY, 3 * DAY + 5):
        put(start)
    partitions.drop_before(connection, MinuteRollup, 2 * DAY)
    assert starts() == [2 * DAY, 3 * DAY + 5]
    put(5)
    assert starts() == [5, 2 * DAY, 3 * DAY + 5]


def test_many_can_need_a_new_partition_at_once() -> None:
    barrier = threading.Barrier(4)
    failures: list[Exception] = []

    def work(number: int) -> None:
        try:
            barrier.wait(10)
            put(900 * DAY + number, number)
        except Exception as error:
            failures.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(starts()) == 4


def test_updates_stay_on_their_page_on_postgresql() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("only PostgreSQL has pages with room to spare")
    put(0)
    with connection.cursor() as cursor:
        cursor.execute("SELECT reloptions FROM pg_class WHERE relname = %s", [f"{MinuteRollup._meta.db_table}_p0"])
        assert cursor.fetchone()[0] == ["fillfactor=50"]


def test_fetch_returns_the_rows_of_the_keys_asked_for() -> None:
    for name_id in (1, 2, 3):
        put(7, name_id)
    keys = {"name_id": [1, 3, 9], "start": [7, 7, 7], "shard": [0, 0, 0]}
    found = bulk.fetch(connection, MinuteRollup, keys, [*keys, "total"])
    assert sorted(found) == [(1, 7, 0, 5), (3, 7, 0, 5)]
    assert bulk.fetch(connection, MinuteRollup, {"name_id": []}, ["name_id"]) == []
