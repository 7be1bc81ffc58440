"""Where the value of a setting comes from: somebody gave it, or it is the default, which `ENVIRONMENT` may choose."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from monitoring.conf import Config, load
from monitoring.environments import CHOSEN, defaults

HIDDEN = "(hidden)"
_OWN_VARIABLES = ("LOG_LEVEL", "LOG_FORMAT")


@dataclass(frozen=True)
class Value:
    """A setting.

    Attributes:
        name: In capitals, as it is given.
        value: What holds; of what is secret, only that it is.
        origin: `environment variable …`, `Django settings`, `default`, or `default of …`.
    """

    name: str
    value: Any
    origin: str


def values(given: Mapping[str, Any], variables: Mapping[str, str] = os.environ) -> list[Value]:
    """Return every setting of `MONITORING`, and those of logs, with what holds and since when nobody said otherwise.

    Args:
        given: The `MONITORING` dict of the Django settings.
        variables: Those of the environment.
    """
    config = load(dict(given))
    keys = {key.lower() for key in given}
    by_variable = _by_variable(variables)
    found = [_own(name, config.environment, variables) for name in _OWN_VARIABLES]
    for one in fields(Config):
        name = one.name.upper()
        held = getattr(config, one.name)
        if one.name in by_variable:
            origin = "environment variable MONITORING"
        elif one.name in keys and variables.get(name):
            origin = f"environment variable {name}"
        elif one.name in keys and (one.name in CHOSEN or held != getattr(Config(), one.name)):
            origin = "Django settings"
        elif one.name in CHOSEN:
            origin = f"default of {config.environment}"
        else:
            origin = "default"
        found.append(Value(name, _shown(held) if one.repr else HIDDEN if held else "", origin))
    return found


def chosen(given: Mapping[str, Any], variables: Mapping[str, str] = os.environ) -> list[Value]:
    """Return the settings whose defaults `ENVIRONMENT` chooses, and itself."""
    wanted = {"ENVIRONMENT", *_OWN_VARIABLES, *(name.upper() for name in CHOSEN)}
    return [one for one in values(given, variables) if one.name in wanted]


def _own(name: str, environment: str, variables: Mapping[str, str]) -> Value:
    if told := variables.get(name):
        return Value(name, told, f"environment variable {name}")
    return Value(name, getattr(defaults(environment), name.lower()), f"default of {environment}")


def _shown(held: Any) -> Any:
    """Return a value without the user and password that an address may hold."""
    if not isinstance(held, str) or "://" not in held or "@" not in held:
        return held
    scheme, _, rest = held.partition("://")
    place, slash, path = rest.partition("/")
    return f"{scheme}://{HIDDEN}@{place.rpartition('@')[2]}{slash}{path}" if "@" in place else HIDDEN


def _by_variable(variables: Mapping[str, str]) -> set[str]:
    """Return the settings that the environment variable of the whole dict gives."""
    try:
        found = json.loads(variables.get("MONITORING") or "{}")
    except ValueError:
        return set()
    return {str(key).lower() for key in found} if isinstance(found, dict) else set()
