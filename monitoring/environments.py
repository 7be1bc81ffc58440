"""What `ENVIRONMENT` chooses: the defaults of production, staging and development. Pure values.

An environment chooses defaults only: whatever is set, in `MONITORING` or in the environment variable of its own, wins.
An environment of another name than these has the defaults of production.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

PRODUCTION, STAGING, DEVELOPMENT = "production", "staging", "development"


@dataclass(frozen=True)
class Defaults:
    """What holds where nothing else is set.

    Attributes:
        log_level: The least level that is logged; `LOG_LEVEL`.
        log_format: `json`, or `console` for people; `LOG_FORMAT`.
        config: Settings of `MONITORING` that differ from the documented defaults, by their names in lower case.
    """

    log_level: str = "INFO"
    log_format: str = "json"
    config: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))


_DEVELOPMENT = Defaults(
    log_level="DEBUG",
    log_format="console",
    config=MappingProxyType(
        {
            "recovery": "off",
            "alerts_sent": False,
            "record_body": True,
            "record_headers": True,
            "error_metrics_hours": 1,
        }
    ),
)
_BY_NAME: Mapping[str, Defaults] = MappingProxyType(
    {PRODUCTION: Defaults(), STAGING: Defaults(), DEVELOPMENT: _DEVELOPMENT}
)
CHOSEN = tuple(sorted(_DEVELOPMENT.config))
"""The settings of `MONITORING` whose defaults an environment chooses, by their names in lower case."""


def defaults(environment: str) -> Defaults:
    """Return what holds in an environment where nothing else is set.

    Args:
        environment: Its name; one that is not known here counts as production.
    """
    return _BY_NAME.get(environment, _BY_NAME[PRODUCTION])
