"""Fixtures of tests that run whole platforms. Importing `.platform` puts the launcher on the path, for all of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .platform import Platform, fresh_database


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    """A platform that is not started yet."""
    with fresh_database() as database_url:
        made = Platform(tmp_path, database_url)
        try:
            yield made
        finally:
            made.kill()
