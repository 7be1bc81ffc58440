"""The databases of a Django project, for code that runs without Django as well."""

from __future__ import annotations

import sys
from typing import Any


def connections() -> Any:
    """Return Django's connections of this thread; None where nothing can have used them."""
    database = sys.modules.get("django.db")
    if database is None or not sys.modules["django.conf"].settings.configured:
        return None
    return database.connections
