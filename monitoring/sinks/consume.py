"""Write what sinks want of what was taken in, in the drain's own transaction: it waits there to be sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from monitoring.conf import get_config
from monitoring.storage.folding import Columns, Fact, Scope, Write

DUE = "sinks"
"""What has become due when there is something to send."""
_KINDS = ("line", "error", "span", "run")
_OWN = "monitoring.sinks."


def consume(measures: Mapping[str, Columns], facts: Mapping[str, Sequence[Fact]], scope: Scope) -> list[Write]:
    """Write what goes to the sinks that are on, one row for each mostly. After the errors, which it takes made safe."""
    del measures
    config = get_config()
    if not config.sinks or not any(facts.get(kind) for kind in _KINDS):
        return []
    from . import backlog, kinds
    from .records import Record, pack

    records = [Record.of(fact) for kind in _KINDS for fact in facts.get(kind, ()) if not _is_ours(fact)]
    writes: list[Write] = []
    for kind, sink in sorted(kinds.configured(config).items()):
        wanted = [record for record in records if record.kind in sink.takes and sink.wants(record)]
        if packed := list(pack(wanted)):
            writes.append(lambda kind=kind, packed=packed: backlog.add(kind, packed, config, scope))  # type: ignore[misc]
            scope.due.add(DUE)
    return writes


def _is_ours(fact: Fact) -> bool:
    """Whether forwarding itself says so: what could not be forwarded must not make more to forward."""
    return str(fact.values.get("logger", "")).startswith(_OWN)
