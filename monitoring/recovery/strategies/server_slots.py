"""How many connections a PostgreSQL server still has for its clients, by its own count."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import Any

from django.db import Error, connections

from .base import RefusedError

_SPARE = 0.1
_LEAST_SPARE = 3
# What limits a role or a database is asked of the same catalogs; -1 means no limit.
_ASK = """
SELECT current_setting('max_connections')::int,
       current_setting('superuser_reserved_connections')::int
         + coalesce(current_setting('reserved_connections', true)::int, 0),
       (SELECT coalesce(sum(numbackends), 0) FROM pg_stat_database)::int,
       (SELECT rolconnlimit FROM pg_roles WHERE rolname = current_user),
       (SELECT count(*) FROM pg_stat_activity WHERE usename = current_user)::int,
       (SELECT datconnlimit FROM pg_database WHERE datname = current_database()),
       (SELECT numbackends FROM pg_stat_database WHERE datname = current_database())::int
"""


@dataclass(frozen=True)
class ServerSlots:
    """The slots of a server.

    Attributes:
        most: Connections that it, the role or the database takes at most, those of superusers apart.
        used: How many of these are in use.
        spare: How many are left to others.
    """

    most: int
    used: int
    spare: int

    @property
    def free(self) -> int:
        """How many may be used more."""
        return max(self.most - self.used - self.spare, 0)


def slots(alias: str) -> ServerSlots:
    """Ask a database's server, over a connection of its own: those of a pool may all be in use.

    Args:
        alias: The database.

    Raises:
        RefusedError: It is not PostgreSQL, is not known here, or does not answer.
    """
    if alias not in connections or connections[alias].vendor != "postgresql":
        raise RefusedError(f"The database {alias!r} is not one of PostgreSQL that recovery could ask.")
    known: Any = connections[alias]
    try:
        with (
            known.wrap_database_errors,
            closing(known.Database.connect(**known.get_connection_params())) as raw,
            closing(raw.cursor()) as cursor,
        ):
            cursor.execute(_ASK)
            row = cursor.fetchone()
    except Error as error:
        raise RefusedError(f"The server of {alias!r} cannot be asked for its free connections: {error}") from error
    return least(*row)


def least(
    most: int, reserved: int, used: int, role_most: int, role_used: int, base_most: int, base_used: int
) -> ServerSlots:
    """Return the tightest of the limits of a server, a role and a database; a negative one is none."""
    found = [(most - reserved, used)]
    found += [(limit, held) for limit, held in ((role_most, role_used), (base_most, base_used)) if limit >= 0]
    return min(
        (ServerSlots(limit, held, max(int(limit * _SPARE), _LEAST_SPARE)) for limit, held in found),
        key=lambda one: one.free,
    )
