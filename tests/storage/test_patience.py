"""A transaction waits for others no longer than it was told."""

from __future__ import annotations

import pytest
from django.db import OperationalError, connection, connections, transaction

from monitoring.alerts.incidents.models import Evaluation
from monitoring.storage.patience import limit_waiting


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite's connections have a timeout of their own")
def test_a_lock_that_somebody_holds_is_not_waited_for_without_end() -> None:
    Evaluation.objects.create()
    other = connections["default"].copy()
    try:
        other.set_autocommit(False)
        with other.cursor() as cursor:
            cursor.execute(f"SELECT * FROM {Evaluation._meta.db_table} FOR UPDATE")
        with pytest.raises(OperationalError, match="lock timeout"):
            _wait_for_it()
        with connection.cursor() as cursor:
            cursor.execute("SHOW lock_timeout")
            assert cursor.fetchone() == ("0",)  # it was for that transaction alone
    finally:
        other.rollback()
        other.close()


def _wait_for_it() -> None:
    with transaction.atomic():
        limit_waiting("default", 0.05)
        Evaluation.objects.update(number=7)
