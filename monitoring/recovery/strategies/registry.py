"""Which strategies there are: the documented ones, in the one list, and those that a service registers itself."""

from __future__ import annotations

from .base import Strategy
from .cache_clear import CacheClear
from .circuit_break import CircuitBreak
from .fallback import Fallback
from .pool_increase import PoolIncrease
from .queue_priority import QueuePriority
from .request_throttle import RequestThrottle
from .resource_scale import ResourceScale
from .retry import Retry
from .service_restart import ServiceRestart
from .timeout_increase import TimeoutIncrease

_DOCUMENTED: tuple[Strategy, ...] = (
    Retry(),
    TimeoutIncrease(),
    CacheClear(),
    PoolIncrease(),
    ResourceScale(),
    CircuitBreak(),
    Fallback(),
    QueuePriority(),
    RequestThrottle(),
    ServiceRestart(),
)

STRATEGIES: dict[str, Strategy] = {one.name: one for one in _DOCUMENTED}
"""All of them by name: the documented ones in their documented order, then those that were registered."""


def get(name: str) -> Strategy | None:
    """Return a strategy by its name, or None where there is none of that name."""
    return STRATEGIES.get(name)


def register(strategy: Strategy) -> None:
    """Add a strategy of a service's own, or take one that was registered before in exchange.

    Args:
        strategy: It; it holds nothing.

    Raises:
        ValueError: Its name is that of a documented one.
    """
    if any(strategy.name == one.name for one in _DOCUMENTED):
        raise ValueError(f"{strategy.name} is a documented strategy: register yours under another name.")
    STRATEGIES[strategy.name] = strategy
