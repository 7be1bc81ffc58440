"""The documented setting `ERROR_TRACKING` as one frozen value.

It is read once: from the Django settings where there are any, else as JSON from the environment variable of the same
name. Recording reads it too, so nothing here may need a model.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

NAME = "ERROR_TRACKING"
_REPOSITORY = re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+")


@dataclass(frozen=True)
class ErrorTracking:
    """What an operator can choose. The attribute `bug_threshold` is the key `BUG_THRESHOLD`."""

    enabled: bool = True
    """Off: no error is recorded."""
    auto_create_bugs: bool = True
    """Off: groups become known bugs only when somebody asks for it."""
    bug_threshold: int = 1
    """From so many occurrences on a group becomes a known bug."""
    github_repo: str = ""
    """`owner/repo` where issues are opened; empty for none."""
    planning_dir: str = "planning/tasks"
    """Folder of the bugs' files; a relative one lies in the project's `BASE_DIR`."""
    exclude_paths: tuple[str, ...] = ("/health/", "/static/", "/media/")
    """How the paths of requests begin whose errors are not recorded."""
    exclude_status_codes: tuple[int, ...] = ()
    """Statuses of responses that are not recorded as errors."""


def load(values: Mapping[str, Any]) -> ErrorTracking:
    """Build the value from the setting, unknown and ill-typed keys left out (`problems` reports them)."""
    accepted: dict[str, Any] = {}
    for key, value in values.items():
        name = str(key).lower()
        if name in _FORMS and _FORMS[name][0](value):
            accepted[name] = tuple(value) if isinstance(value, list) else value
    if isinstance(folder := accepted.get("planning_dir"), Path):
        accepted["planning_dir"] = str(folder)
    return ErrorTracking(**accepted)


def problems(values: Any) -> list[str]:
    """Say, one line each, what is wrong with the setting and which form is accepted."""
    if not isinstance(values, Mapping):
        return [f"{NAME} must be a dict, like {{'BUG_THRESHOLD': 1}}."]
    found = []
    for key, value in values.items():
        name = str(key).lower()
        if name not in _FORMS:
            known = ", ".join(field.name.upper() for field in fields(ErrorTracking))
            found.append(f"{NAME}[{key!r}] does not exist; there are: {known}.")
        elif not _FORMS[name][0](value):
            found.append(f"{NAME}[{key!r}] {_FORMS[name][1]}.")
    return found


@cache
def get_error_tracking() -> ErrorTracking:
    """Return what this process was told, read once."""
    values = _values()
    return load(values) if isinstance(values, Mapping) else ErrorTracking()


def _values() -> Any:
    try:
        from django.conf import settings

        return getattr(settings, NAME, {})
    except Exception:  # no Django, or none that is configured
        return json.loads(os.environ.get(NAME, "") or "{}")


def _is_bool(value: Any) -> bool:
    return isinstance(value, bool)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _is_repository(value: Any) -> bool:
    return value == "" or (isinstance(value, str) and _REPOSITORY.fullmatch(value) is not None)


def _is_folder(value: Any) -> bool:
    return isinstance(value, str | Path) and bool(str(value).strip()) and "\0" not in str(value)


def _are_paths(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(path, str) and path.startswith("/") for path in value)


def _are_statuses(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(_is_count(status) and 100 <= status <= 599 for status in value)


_FORMS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "enabled": (_is_bool, "must be true or false"),
    "auto_create_bugs": (_is_bool, "must be true or false"),
    "bug_threshold": (_is_count, "must be a whole number from 1 up"),
    "github_repo": (_is_repository, 'must be a repository, like "owner/repo", or empty'),
    "planning_dir": (_is_folder, 'must be a folder, like "planning/tasks"'),
    "exclude_paths": (_are_paths, 'must be a list of paths that begin with /, like ["/health/"]'),
    "exclude_status_codes": (_are_statuses, "must be a list of HTTP statuses, like [404]"),
}
"""What each key must be, and how it is said."""
