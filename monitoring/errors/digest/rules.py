"""Fingerprints by the rules that the project has set, before those that Enginel finds."""

from __future__ import annotations

from collections.abc import Sequence

from .sightings import Sighting


def apply(sightings: Sequence[Sighting]) -> None:
    """Put the fingerprint of the rule that an error meets, if there is one, before the others."""
    del sightings
