"""Which users a group met: each by name up to 1,000, then a sketch that estimates how many.

A group's row is locked by whoever counts its occurrences, so that two drains never add users to the same group at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from hashlib import blake2b
from typing import Any

from monitoring.storage import bulk
from monitoring.storage.folding import Scope

from .models import ErrorGroup, GroupUser
from .sketch import Sketch

EXACT = 1_000
"""Users that are known by name."""
_MOST = 2**31 - 1
_LENGTH = 64


def add(scope: Scope, met: Mapping[int, Set[str]]) -> None:
    """Count users that groups met, in a number of statements that does not grow with them.

    Args:
        scope: Whose connection has the transaction, in which the rows of these groups are locked.
        met: Users by group; an empty text is nobody.
    """
    wanted = {pk: names for pk, users in met.items() if (names := {_stored(user) for user in users if user})}
    rows = bulk.fetch(scope.connection, ErrorGroup, {"id": sorted(wanted)}, ["id", "users", "users_sketch"])
    known = {pk: users for pk, users, sketch in rows if sketch is None}
    stored = {pk: bytes(sketch) for pk, _users, sketch in rows if sketch is not None}
    fresh = _fresh(scope, {pk: wanted[pk] for pk in known})
    moving = {pk for pk in fresh if known[pk] + len(fresh[pk]) > EXACT}
    sketches = {pk: Sketch.from_bytes(data) for pk, data in stored.items()} | _moved(scope, moving)
    for pk, sketch in sketches.items():
        for user in wanted[pk]:
            sketch.add(user)
    _keep(scope, {pk: users for pk, users in fresh.items() if pk not in moving})
    counts = {pk: known[pk] + len(users) for pk, users in fresh.items() if pk not in moving}
    before = {pk: users for pk, users, _sketch in rows}
    _write(scope, counts, {pk: one for pk, one in sketches.items() if one.to_bytes() != stored.get(pk)}, before)


def _stored(user: str) -> str:
    """Return a user as rows hold it: longer ones by a digest, so that two of them do not become one."""
    user = user.replace("\0", "")
    if len(user) <= _LENGTH:
        return user
    digest = blake2b(user.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
    return user[: _LENGTH - len(digest)] + digest


def _fresh(scope: Scope, wanted: Mapping[int, Set[str]]) -> dict[int, set[str]]:
    """Return the users that groups meet for the first time, of those who are known by name."""
    pairs = [(pk, user) for pk, users in wanted.items() for user in users]
    keys: dict[str, list[Any]] = {"group_id": [pk for pk, _user in pairs], "user": [user for _pk, user in pairs]}
    old = set(bulk.fetch(scope.connection, GroupUser, keys, ["group_id", "user"]))
    fresh: dict[int, set[str]] = {}
    for pk, user in pairs:
        if (pk, user) not in old:
            fresh.setdefault(pk, set()).add(user)
    return fresh


def _moved(scope: Scope, moving: Set[int]) -> dict[int, Sketch]:
    """Return sketches of groups that met too many users to know them by name, and forget the names."""
    if not moving:
        return {}
    rows = GroupUser.objects.using(scope.connection.alias).filter(group__in=moving)
    sketches = {pk: Sketch() for pk in moving}
    for pk, user in rows.values_list("group_id", "user"):
        sketches[pk].add(user)
    rows.delete()
    return sketches


def _keep(scope: Scope, fresh: Mapping[int, Set[str]]) -> None:
    pairs = sorted((pk, user) for pk, users in fresh.items() for user in users)
    columns: dict[str, list[Any]] = {"group_id": [pk for pk, _user in pairs], "user": [user for _pk, user in pairs]}
    bulk.put(scope.connection, GroupUser, columns)


def _write(scope: Scope, counts: Mapping[int, int], sketches: Mapping[int, Sketch], before: Mapping[int, int]) -> None:
    """Write how many users groups met; an estimate never falls."""
    estimates = {pk: min(max(sketch.count(), before[pk], EXACT), _MOST) for pk, sketch in sketches.items()}
    users = {**counts, **estimates}
    columns: dict[str, list[Any]] = {
        "id": list(users),
        "users": list(users.values()),
        "users_sketch": [sketches[pk].to_bytes() if pk in sketches else None for pk in users],
    }
    bulk.overwrite(scope.connection, ErrorGroup, columns)
