"""Which incidents follow from others in every installation. A row of the same name replaces one of these."""

from __future__ import annotations

from .matchers import Matcher, parse, parse_text
from .muting import Inhibiting


def _of(*texts: str) -> tuple[Matcher, ...]:
    return parse(parse_text("\n".join(texts)))


_DATABASE_ERRORS = r"(.*\.)?(OperationalError|InterfaceError|DatabaseError|DatabaseException|database)"
_DATABASE, _REDIS, _BROKER = (
    # One that is only degraded, of which rules make no loud incidents, is no cause.
    _of("kind=health", f"component={component}", "severity=~critical|high")
    for component in ("database", "redis", "broker")
)
_RATES = "request_error_rate|task_failure_rate|latency"

SHIPPED: dict[str, Inhibiting] = {
    "database: components": Inhibiting(_DATABASE, _of("kind=health", "component=~migrations|intake|storage|alerts")),
    "database: errors": Inhibiting(
        _DATABASE,
        _of("kind=~error_count|new_group|regression", f"type=~{_DATABASE_ERRORS}"),
    ),
    "database: rates": Inhibiting(_DATABASE, _of(f"kind=~{_RATES}")),
    "redis: components": Inhibiting(_REDIS, _of("kind=health", "component=~broker|celery|beat|intake|alerts")),
    "redis: workers and queues": Inhibiting(
        _REDIS,
        _of("kind=~finding|queue_age|queue_length", "finding=~|worker_down|worker_wedged|queue_.*|beat_dead"),
    ),
    "broker: queues": Inhibiting(_BROKER, _of("kind=~finding|queue_age|queue_length", "finding=~|queue_.*")),
    "new errors: counts": Inhibiting(_of("kind=~new_group|regression"), _of("kind=error_count"), ("group", "severity")),
    "beat: health": Inhibiting(_of("finding=beat_dead"), _of("kind=health", "component=beat")),
    "beat: runs": Inhibiting(
        _of("kind=~finding|health", "finding=~|beat_dead", "component=~|beat"),
        _of("kind=finding", "finding=~schedule_missed|schedule_late"),
    ),
    "workers: health": Inhibiting(_of("finding=~worker_down|worker_wedged"), _of("kind=health", "component=celery")),
    "workers: queues": Inhibiting(
        _of("finding=~worker_down|worker_wedged"),
        _of("kind=~finding|queue_age|queue_length", "finding=~|queue_stalled|queue_unconsumed"),
    ),
}
"""By name: what is to be looked at first, and what then is only to be expected."""
