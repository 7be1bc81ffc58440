"""What is known of which class, as data: one file for each family of libraries, put together here.

Classes are named, never imported: events come as text from other processes, and a library need not be installed.
A row says what its class adds to those of its bases; what no row says is the default of `lookup`.
"""

from __future__ import annotations

from ..traits import Traits
from . import builtin, celery, databases, django, documented, http, own, redis

TABLE: dict[str, Traits] = {
    **builtin.CLASSES,
    **http.CLASSES,
    **databases.CLASSES,
    **redis.CLASSES,
    **celery.CLASSES,
    **django.CLASSES,
    **own.CLASSES,
}
"""Rows by the qualified name of a class; builtins by their bare one."""

NAMES: dict[str, Traits] = documented.CLASSES
"""Rows for classes of these bare names in whatever module, for those that have no row in `TABLE`."""

MODULES: dict[str, Traits] = {**http.MODULES, **databases.MODULES, **redis.MODULES, **celery.MODULES}
"""What it says of a builtin exception that it was raised in a module, or in one below it."""
