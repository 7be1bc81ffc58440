"""A client of the API that carries an admin's token."""

from __future__ import annotations

from tests.api.conftest import admin, api

__all__ = ["admin", "api"]
