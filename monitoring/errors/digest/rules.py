"""Fingerprints by the rules that the project has set, instead of those that Enginel finds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence, Set

from monitoring.errors.groups.models import GroupFingerprint
from monitoring.errors.rules import application
from monitoring.storage import bulk
from monitoring.storage.folding import Scope

from .overflow import Key
from .sightings import Sighting

_BATCH = 500
Followed = dict[Key, str]
"""The fingerprint by a rule, for service and fingerprint without it."""


def apply(sightings: Sequence[Sighting]) -> Followed:
    """Give errors that came in full and meet a rule the fingerprint that it says.

    Returns:
        Which fingerprints were replaced, for `repeat` and `follow`.
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
    return followed


def repeat(sightings: Sequence[Sighting], followed: Followed, scope: Scope) -> None:
    """Let repetitions follow what came in full, by one query at most, inside of the drain's transaction.

    They travel as keys, of which no rule can tell whether they meet it. One whose fingerprint by a rule is known, since
    an error of the same place and name came in full, has that; others follow the last error of the same key.
    """
    if not (rules := application.configured()):
        return
    alike: dict[tuple[str, str, str, int], list[Sighting]] = defaultdict(list)
    for one in sightings:
        if one.values is None:
            alike[one.service, one.fingerprints[0], one.name, one.status].append(one)
    options = {same: [(same[0], found) for found in application.repeated(*same[1:], rules)] for same in alike}
    known = {(one.service, one.fingerprints[0]) for one in sightings if one.values is not None}
    known |= _groups({key for keys in options.values() for key in keys} - known, scope).keys()
    for same, repetitions in alike.items():
        found = next((key[1] for key in options[same] if key in known), followed.get(same[:2]))
        if found is not None:
            for one in repetitions:
                one.fingerprints = [found]


def follow(followed: Followed, scope: Scope) -> None:
    """Let later repetitions of what met a rule be counted where that was, inside of the drain's transaction.

    Args:
        followed: What `apply` has replaced; groups were found or made since, but for what is beyond their bound.
        scope: Whose connection has the transaction.
    """
    if not followed:
        return
    wanted = {key: (key[0], found) for key, found in sorted(followed.items())}
    known = _groups({*wanted, *wanted.values()}, scope)
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


def _groups(keys: Set[Key], scope: Scope) -> dict[Key, int]:
    """Return the groups of those fingerprints that are known."""
    ordered = sorted(keys)
    columns = {"service": [service for service, _ in ordered], "fingerprint": [one for _, one in ordered]}
    rows = bulk.fetch(scope.connection, GroupFingerprint, columns, ["service", "fingerprint", "group_id"])
    return {(service, fingerprint): group for service, fingerprint, group in rows}
