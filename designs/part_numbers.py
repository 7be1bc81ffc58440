"""Part numbers: how they are written, and that an organization gives each out once."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import IntegrityError, transaction

from .exceptions import DuplicatePartNumber


def normal(text: str) -> str | None:
    """Return a part number as it is kept: compatible characters made one, single spaces, upper case; None for none."""
    return " ".join(unicodedata.normalize("NFKC", text).upper().split()) or None


@contextmanager
def once(number: str | None) -> Iterator[None]:
    """Say of a row that the database refuses for its part number that the number is taken.

    Raises:
        DuplicatePartNumber: Another design of the organization has it.
    """
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        # The constraint's name on PostgreSQL, the column's on SQLite.
        if number is None or "part_number" not in str(error):
            raise
        raise DuplicatePartNumber(
            f"The part number {number} is taken.", details={"field": "part_number", "part_number": number}
        ) from error
