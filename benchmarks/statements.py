"""Counts the statements that a connection executes, those that go past Django's cursors included."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from django.db.backends.base.base import BaseDatabaseWrapper


@contextmanager
def counting(connection: BaseDatabaseWrapper) -> Iterator[list[str]]:
    """Yield a list that every statement is appended to; one with many sets of parameters is one."""
    seen: list[str] = []
    if connection.vendor == "postgresql":
        import psycopg

        with (
            mock.patch.object(psycopg.Cursor, "execute", _noted(psycopg.Cursor.execute, seen)),
            mock.patch.object(psycopg.Cursor, "executemany", _noted(psycopg.Cursor.executemany, seen)),
        ):
            yield seen
        return

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        seen.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        yield seen


def _noted(method: Callable[..., Any], seen: list[str]) -> Callable[..., Any]:
    def execute(self: Any, query: Any, *args: Any, **kwargs: Any) -> Any:
        seen.append(str(query))
        return method(self, query, *args, **kwargs)

    return execute
