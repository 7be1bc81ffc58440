"""A process that has no Django, made cheaply: importing any of what only servers of Enginel have is refused."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import NoReturn

SERVERS_ONLY = frozenset(
    {
        "asgiref", "billiard", "celery", "cronsim", "django", "django_celery_beat", "drf_spectacular", "knox", "kombu",
        "numpy", "prometheus_client", "psycopg", "re2", "rest_framework",
    }
)  # fmt: skip


class Refusing:
    """Refuses to find them."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name.partition(".")[0] in SERVERS_ONLY:
            _refuse(name)
        return None


def _refuse(name: str) -> NoReturn:
    raise ModuleNotFoundError(f"No module named {name!r}, as in a service without Django", name=name)


sys.meta_path.insert(0, Refusing())
