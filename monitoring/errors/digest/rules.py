"""Fingerprints by the rules that the project has set, before those that Enginel finds."""

from __future__ import annotations

from collections.abc import Sequence

from monitoring.errors.rules.application import apply as find
from monitoring.errors.rules.application import configured

from .sightings import Sighting


def apply(sightings: Sequence[Sighting]) -> None:
    """Put the fingerprint of the rule that an error meets, if there is one, before the others.

    Repetitions travel as keys, of which no rule can tell anything: they follow the errors of the same key.
    """
    rules = configured()
    if not rules:
        return
    followed: dict[tuple[str, str], str] = {}
    for one in sightings:
        found = find(one.values, one.service, rules) if one.values is not None else None
        if found:
            followed |= {(one.service, fingerprint): found for fingerprint in one.fingerprints}
            one.fingerprints.insert(0, found)
            one.ruled = True
    for one in sightings:
        found = followed.get((one.service, one.fingerprints[0])) if one.values is None else None
        if found:
            one.fingerprints.insert(0, found)
            one.ruled = True
