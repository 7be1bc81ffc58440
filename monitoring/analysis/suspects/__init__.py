"""Suspects: what errors of a group, or slow samples, have in common that others have not."""

from __future__ import annotations

from .judging import Suspect

__all__ = ["Suspect", "for_group"]


def for_group(group_id: int) -> list[Suspect]:
    """Return what the errors of a group have in common that others have not, what explains most first.

    Args:
        group_id: The group. Of one that does not exist nothing is known.
    """
    from . import group  # its models want Django to be set up

    try:
        return list(group.findings(group_id).suspects)
    except group.UnknownError:
        return []
