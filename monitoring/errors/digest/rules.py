"""Fingerprints by the rules that the project has set, instead of those that Enginel finds."""

from __future__ import annotations

from collections.abc import Sequence

from monitoring.errors.groups.models import GroupFingerprint
from monitoring.errors.rules import application
from monitoring.storage import bulk
from monitoring.storage.folding import Scope

from .sightings import Sighting

_BATCH = 500
Followed = dict[tuple[str, str], str]
"""The fingerprint by a rule, for service and fingerprint without it."""


def apply(sightings: Sequence[Sighting]) -> Followed:
    """Give errors that meet a rule the fingerprint that it says.

    Repetitions travel as keys, of which no rule can tell anything: they follow the errors of the same key.

    Returns:
        Which fingerprints were replaced, for `follow`.
    """
    rules, followed = application.configured(), Followed()
    if not rules:
        return followed
    for one in sightings:
        if one.values is None:
            continue
        values = {**one.values, "fingerprint": one.fingerprints[0]}
        if (found := application.apply(values, one.service, rules)) is not None:
            followed |= {(one.service, fingerprint): found for fingerprint in one.fingerprints}
            one.fingerprints, one.older = [found], []
    for one in sightings:
        if one.values is None and (found := followed.get((one.service, one.fingerprints[0]))):
            one.fingerprints = [found]
    return followed


def follow(followed: Followed, scope: Scope) -> None:
    """Let later repetitions of what met a rule be counted where that was, inside of the drain's transaction.

    Args:
        followed: What `apply` has replaced; groups were found or made since, but for what is beyond their bound.
        scope: Whose connection has the transaction.
    """
    if not followed:
        return
    wanted = {key: (key[0], found) for key, found in sorted(followed.items())}
    keys = sorted({*wanted, *wanted.values()})
    columns = {"service": [service for service, _ in keys], "fingerprint": [one for _, one in keys]}
    rows = bulk.fetch(scope.connection, GroupFingerprint, columns, ["service", "fingerprint", "group_id"])
    known = {(service, fingerprint): group for service, fingerprint, group in rows}
    GroupFingerprint.objects.using(scope.connection.alias).bulk_create(
        [
            GroupFingerprint(service=service, fingerprint=fingerprint, group_id=known[target])
            for (service, fingerprint), target in wanted.items()
            if target in known and known.get((service, fingerprint)) != known[target]
        ],
        batch_size=_BATCH,
        update_conflicts=True,
        unique_fields=["service", "fingerprint"],
        update_fields=["group"],
    )
