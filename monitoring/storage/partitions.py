"""Time-series tables: range-partitioned by a column of epoch minutes on PostgreSQL, plain tables on SQLite.

A model says so with a class attribute `partition_minutes`, the width of its partitions; its column is `start`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import ProgrammingError, migrations, models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import ProjectState

_COLUMN = "start"
_DELETE_ROWS = 5_000
_FILLFACTOR = 50
_known: set[tuple[str, str]] = set()


class CreatePartitionedModel(migrations.CreateModel):
    """`CreateModel` whose table is partitioned by ranges of `start` where the database can."""

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        """Create the table, partitioned on PostgreSQL."""
        if schema_editor.connection.vendor != "postgresql":
            super().database_forwards(app_label, schema_editor, from_state, to_state)
            return
        model: Any = to_state.apps.get_model(app_label, self.name)
        if self.allow_migrate_model(schema_editor.connection.alias, model):
            editor: Any = schema_editor
            statement, parameters = editor.table_sql(model)
            editor.execute(f'{statement} PARTITION BY RANGE ("{_COLUMN}")', parameters or None)
            editor.deferred_sql.extend(editor._model_indexes_sql(model))


class KeepRoomForUpdates(migrations.operations.base.Operation):
    """Let PostgreSQL leave half of each page of a hot table free, so that updates stay on their page (HOT).

    Args:
        name: Name of the model.
    """

    reversible = True

    def __init__(self, name: str) -> None:
        self.name = name

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Change nothing that models know of."""

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,  # noqa: ARG002  # Django's signature
        to_state: ProjectState,
    ) -> None:
        """Set the table's fillfactor, on PostgreSQL."""
        model: Any = to_state.apps.get_model(app_label, self.name)
        if schema_editor.connection.vendor == "postgresql" and self.allow_migrate_model(
            schema_editor.connection.alias, model
        ):
            schema_editor.execute(f'ALTER TABLE "{model._meta.db_table}" SET (fillfactor = {_FILLFACTOR})')

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        """Leave the table as it is: it goes with its model."""

    def describe(self) -> str:
        """Say what it does, for `migrate --plan`."""
        return f"Leave room for updates in the table of {self.name}"


def ensure(connection: BaseDatabaseWrapper, model: Any, starts: Iterable[int]) -> None:
    """Create the partitions that rows beginning at these epoch minutes need, if they are missing."""
    if connection.vendor != "postgresql":
        return
    width = model.partition_minutes
    for first in sorted({start // width * width for start in starts}):
        name = f"{model._meta.db_table}_p{first}"
        key = (str(connection.settings_dict["NAME"]), name)
        if key in _known:
            continue
        _create(connection, model._meta.db_table, name, first, first + width)
        if not connection.in_atomic_block:  # what a transaction created may yet be rolled back
            _known.add(key)


def _create(connection: BaseDatabaseWrapper, table: str, name: str, first: int, end: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s)", [f'"{name}"'])
        if cursor.fetchone()[0] is not None:
            return
        try:
            cursor.execute(
                f'CREATE TABLE IF NOT EXISTS "{name}" PARTITION OF "{table}"'
                f" FOR VALUES FROM ({first}) TO ({end}) WITH (fillfactor = {_FILLFACTOR})"
            )
        except ProgrammingError:  # somebody else created it at the same moment
            if connection.in_atomic_block:
                raise


def drop_before(connection: BaseDatabaseWrapper, model: Any, cutoff: int) -> int:
    """Remove rows that begin before an epoch minute: whole partitions on PostgreSQL, rows in steps on SQLite.

    Returns:
        How many partitions were dropped, or how many rows were deleted.
    """
    table = model._meta.db_table
    if connection.vendor != "postgresql":
        return _delete_before(connection, table, cutoff)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
            " WHERE i.inhparent = %s::regclass",
            [f'"{table}"'],
        )
        names = [name for (name,) in cursor.fetchall()]
        old = [name for name in names if int(name.rpartition("_p")[2]) + model.partition_minutes <= cutoff]
        for name in old:
            cursor.execute(f'DROP TABLE IF EXISTS "{name}"')
            _known.discard((str(connection.settings_dict["NAME"]), name))
    return len(old)


def _delete_before(connection: BaseDatabaseWrapper, table: str, cutoff: int) -> int:
    """Delete in short statements, so that writers never wait long."""
    deleted: int = 0
    with connection.cursor() as cursor:
        while True:
            cursor.execute(
                f'DELETE FROM "{table}" WHERE rowid IN'  # noqa: S608
                f' (SELECT rowid FROM "{table}" WHERE "{_COLUMN}" < %s LIMIT {_DELETE_ROWS})',
                [cutoff],
            )
            deleted += cursor.rowcount
            if cursor.rowcount < _DELETE_ROWS:
                return deleted


def forget() -> None:
    """Forget which partitions exist; for whoever recreates tables behind this module's back."""
    _known.clear()


class PeriodModel(models.Model):
    """Base of rows that belong to a period. `start` is its beginning in minutes since the Unix epoch."""

    start = models.IntegerField()

    class Meta:
        abstract = True
