"""A database of PostgreSQL under another alias, with options of its own, and connections to it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection, connections

ALIAS = "other"


@contextmanager
def database(**options: Any) -> Iterator[list[Any]]:
    """Know the database of the tests by another alias; the connections that are put into the list are closed."""
    if connection.vendor != "postgresql":
        pytest.skip("PostgreSQL alone")
    known = connection.settings_dict
    connections.settings[ALIAS] = {**known, "CONN_MAX_AGE": 0, "OPTIONS": {**known["OPTIONS"], **options}}
    made: list[Any] = []
    try:
        yield made
    finally:
        for one in made:
            one.close()
        if connections[ALIAS].settings_dict["OPTIONS"].get("pool"):
            connections[ALIAS].close_pool()
        connections[ALIAS].close()
        del connections[ALIAS]
        connections.settings.pop(ALIAS)


def connect(made: list[Any]) -> Any:
    """Connect as another thread would."""
    one = connections.create_connection(ALIAS)
    made.append(one)
    one.inc_thread_sharing()
    with one.wrap_database_errors:
        one.connect()  # Django's tests let nobody ensure one to a database that they do not know
    return one
