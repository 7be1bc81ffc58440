"""Find the groups of errors by their fingerprints, and make those that are missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from monitoring.errors.groups.models import ErrorGroup, GroupFingerprint
from monitoring.storage import bulk
from monitoring.storage.folding import Scope

from . import judging, overflow, portrait
from .overflow import Key
from .sightings import Sighting, text

_FIELDS = ErrorGroup._meta.concrete_fields


def assign(sightings: Sequence[Sighting], scope: Scope) -> set[int]:
    """Say of each error which group it is of, making groups that are missing, in a constant number of statements.

    A group that is known by the fingerprint of an older version, or of what the sender found before a rule was made, is
    from now on known by the newer one as well. One that is new is not known by older versions, unless a sender still
    has them, so that it holds only what the current version puts together. New groups are bounded (`overflow`).

    Returns:
        The groups that are new.
    """
    rest = {one.service: (one.service, overflow.FINGERPRINT) for one in sightings}
    known = _known({key for one in sightings for key in _keys(one)} | set(rest.values()), scope)
    missing: dict[Key, Sighting] = {}
    homes: dict[Key, Key] = {}
    for one in sightings:
        keys = _keys(one)
        if not any(key in known for key in keys):
            home = next((homes[key] for key in keys if key in homes), keys[0])
            homes |= {key: home for key in keys[: len(one.fingerprints)] if key not in homes}
            first = missing.get(home)
            if first is None or (first.values is None and one.values is not None):
                missing[home] = one
    new = _make(_groups(missing, known, scope), known, scope) if missing else set()
    aliases: dict[Key, int] = {}
    for one in sightings:
        keys = _keys(one)
        found = next((known[key] for key in keys if key in known), None)
        if found is None:
            one.group_id = known[rest[one.service]]
            scope.noted[overflow.NOTE] += 1
            continue
        one.group_id = found
        for key in keys[: len(one.fingerprints)]:
            if key not in known:
                known[key] = aliases[key] = one.group_id
    if aliases:
        _store(aliases, scope)
    return new


def _keys(one: Sighting) -> list[Key]:
    """Return what the group of an error may be known by, what it is to be known by first."""
    return [(one.service, fingerprint) for fingerprint in (*one.fingerprints, *one.older)]


def _known(keys: set[Key], scope: Scope) -> dict[Key, int]:
    ordered = sorted(keys)
    columns = {"service": [service for service, _ in ordered], "fingerprint": [one for _, one in ordered]}
    rows = bulk.fetch(scope.connection, GroupFingerprint, columns, ["service", "fingerprint", "group_id"])
    return {(service, fingerprint): group for service, fingerprint, group in rows}


def _groups(missing: Mapping[Key, Sighting], known: Mapping[Key, int], scope: Scope) -> dict[Key, ErrorGroup]:
    """Return the groups that are to be made; for what is beyond the bound, one of each service that has none yet."""
    beyond = overflow.beyond(missing, scope)
    groups = {key: _group(one, described(one)) for key, one in missing.items() if key not in beyond}
    for key in missing:
        rest = (key[0], overflow.FINGERPRINT)
        if key in beyond and rest not in known and rest not in groups:
            groups[rest] = _group(missing[key], overflow.described())
    return groups


def _make(missing: Mapping[Key, ErrorGroup], known: dict[Key, int], scope: Scope) -> set[int]:
    """Make groups; of those that another drain has made meanwhile, that one's stays."""
    alias = scope.connection.alias
    keys = sorted(missing)
    if not keys:
        return set()
    groups = [missing[key] for key in keys]
    _insert(groups, scope)
    _store({key: group.pk for key, group in zip(keys, groups, strict=True)}, scope)
    found = _known(set(keys), scope)
    beaten = [group.pk for key, group in zip(keys, groups, strict=True) if found[key] != group.pk]
    if beaten:
        ErrorGroup.objects.using(alias).filter(pk__in=beaten).delete()
    known |= found
    return {group.pk for group in groups} - set(beaten)


def _insert(groups: Sequence[ErrorGroup], scope: Scope) -> None:
    """Insert groups and give them their ids, in a number of statements that does not grow with them."""
    now = datetime.fromtimestamp(scope.now / 1000, UTC)
    for group, key in zip(groups, bulk.reserve(scope.connection, ErrorGroup, len(groups)), strict=True):
        group.pk, group.created = key, now
    columns = {str(field.column): [getattr(group, field.attname) for group in groups] for field in _FIELDS}
    for title in ("first_seen", "last_seen", "created"):
        columns[title] = [scope.connection.ops.adapt_datetimefield_value(value) for value in columns[title]]
    bulk.insert(scope.connection, ErrorGroup, columns)


def _store(fingerprints: dict[Key, int], scope: Scope) -> None:
    keys = sorted(fingerprints)
    columns: dict[str, list[Any]] = {
        "service": [service for service, _ in keys],
        "fingerprint": [fingerprint for _, fingerprint in keys],
        "group_id": [fingerprints[key] for key in keys],
    }
    bulk.insert(scope.connection, GroupFingerprint, columns)


def _group(one: Sighting, values: Mapping[str, Any]) -> ErrorGroup:
    at = datetime.fromtimestamp(one.at / 1000, UTC)
    return ErrorGroup(
        service=one.service,
        first_seen=at,
        last_seen=at,
        first_release=one.release,
        last_release=one.release,
        environment=one.environment,
        **values,
    )


def described(one: Sighting) -> dict[str, Any]:
    """Return the columns that describe a group by one of its errors."""
    values = one.values
    if values is None:
        return {"name": one.name, "status_code": one.status}
    kind, error_type = values["kind"], judging.type_of(one)
    found = judging.classification(one)
    message = values["chain"][0]["message"] if values["chain"] else ""
    if kind == "log":
        message = text(values, "template", 500) or message
    return {
        "kind": kind,
        "title": portrait.title(kind, error_type, one.status, text(values, "name", 200), message),
        "error_type": error_type,
        "exception_type": values["chain"][0]["type"] if values["chain"] else "",
        "category": found.kind.value,
        "severity": judging.severity(one, found),
        "status_code": one.status,
        "name": one.name,
        "culprit": portrait.culprit(values["chain"]),
    }
