"""One successful use of every writing route of the API, with the rows that it needs."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from monitoring.alerts.channels.models import AlertChannel
from monitoring.alerts.deliveries.models import Delivery, DeliveryGate
from monitoring.alerts.incidents.models import IncidentEntry
from monitoring.alerts.links import Act, make
from monitoring.alerts.rules.builtin import RULES
from monitoring.alerts.rules.desired import builtin_values
from monitoring.alerts.rules.models import AlertRule, Source
from monitoring.alerts.silences.models import Inhibition, MaintenanceWindow, Silence
from monitoring.errors.bugs.models import KnownBug
from monitoring.errors.log.models import ErrorLog
from monitoring.jobs.workers.models import Worker
from monitoring.journal.security.models import Kind, SecurityFinding
from monitoring.protection.allowed.models import AllowedNetwork
from monitoring.protection.blocks.models import Block
from monitoring.protection.circuits.models import Circuit
from monitoring.protection.throttles.models import Throttle
from monitoring.recovery.models import RecoveryAction
from tests.alerts.api.incidents import incident
from tests.errors.groups.making import group
from tests.protection.circuits.calling import a_circuit
from tests.recovery.control.test_control import make_action

Scene = tuple[str, Any]
"""What follows `/api/monitoring/`, or a whole path; and the body."""
NOW = datetime.now(UTC)
LATER = NOW + timedelta(hours=1)
ONE = [{"name": "rule", "op": "=", "value": "x"}]
WINDOW = {"name": "night", "starts": LATER.isoformat(), "minutes": 60}
INHIBITION = {"name": "db", "source_matchers": ONE, "target_matchers": [{"name": "queue", "op": "=", "value": "q"}]}
CHANNEL = {"name": "ops", "kind": "email", "settings": {"addresses": ["ops@example.com"]}}
RULE = {"name": "New", "kind": "new_group"}
THROTTLE = {"scope": "client", "match": "203.0.113.0/24", "rate": 2, "burst": 10, "per": "client"}


def _rule(**values: Any) -> AlertRule:
    return AlertRule.objects.create(**{**RULE, "source": Source.API, **values})


def _changed_rule() -> Scene:
    values = builtin_values(RULES[0]["name"]) or {}
    row, _ = AlertRule.objects.update_or_create(
        name=values["name"], defaults={**values, "source": Source.BUILTIN, "edited": True, "enabled": False}
    )
    return f"alerts/rules/{row.pk}/restore/", None


def _block() -> Block:
    return Block.objects.create(
        network="198.51.100.7/32", prefix=32, addresses=["198.51.100.7"], origin="api", started=NOW, expires=LATER
    )


def _throttle() -> Throttle:
    return Throttle.objects.create(created=NOW, created_by="x", **THROTTLE)


def _silence() -> Silence:
    return Silence.objects.create(matchers=ONE, starts=NOW, ends=LATER, who="x", created=NOW)


def _bug(**values: Any) -> KnownBug:
    one = group()
    return KnownBug.all_objects.create(bug_id="B-001", number=1, title="It breaks", group=one, service="shop", **values)


def _channel() -> AlertChannel:
    return AlertChannel.objects.create(severities=["high"], **CHANNEL)


def _delivery() -> Delivery:
    of = incident()
    entry = IncidentEntry.objects.create(incident=of, kind="firing", at=NOW)
    values = {"destination": "channel:1", "label": "ops", "channel": "ops", "kind": "firing", "state": "dead"}
    return Delivery.objects.create(incident=of, entry=entry, incident_key=of.key, **values)


def _gate() -> DeliveryGate:
    return DeliveryGate.objects.create(key="channel-1", label="ops", paused_until=LATER)


def _circuit(act: str, **body: Any) -> Scene:
    row: Circuit = a_circuit()
    return f"circuits/{row.pk}/{act}/", {"version": row.version, "reason": "Maintenance.", **body}


def _recovery(act: str, **values: Any) -> Scene:
    row: RecoveryAction = make_action(**values)
    return f"recovery/actions/{row.pk}/{act}/", {"version": row.version}


def _error() -> str:
    return str(ErrorLog.objects.create(error_id=uuid.uuid4(), service="shop", created=NOW).error_id)


def _acknowledged(path: str) -> Scene:
    return f"alerts/incidents/{incident(state='acknowledged', acknowledged_by='x').pk}/{path}/", {}


def _over() -> Scene:
    return f"alerts/incidents/{incident(event=True, absent_since=NOW).pk}/resolve/", {}


def _worker() -> Scene:
    Worker.objects.create(node="w1@vm", state=Worker.State.values[0], since=NOW, seen=NOW, progressed=NOW)
    return "workers/w1@vm/", None


def _finding() -> Scene:
    row = SecurityFinding.objects.create(
        kind=Kind.SCAN, subject="203.0.113.9", confidence=0.9, says="It looks around.", started=NOW, seen=NOW
    )
    return f"security/{row.pk}/dismiss/", {}


def _two_groups(path: str) -> Scene:
    first, second = group("ValueError: a"), group("ValueError: b")
    if path == "unmerge":
        type(second).objects.filter(pk=second.pk).update(merged_into=first)
    return f"errors/groups/{first.pk}/{path}/", {"groups": [second.pk]}


SCENES: dict[tuple[str, str], Callable[[], Scene]] = {
    ("worker", "delete"): _worker,
    ("bug", "patch"): lambda: (f"bugs/{_bug().bug_id}/", {"title": "It breaks often"}),
    ("file-bug", "post"): lambda: (f"bugs/{_bug().bug_id}/file/", None),
    ("error-groups", "patch"): lambda: ("errors/groups/", {"groups": [group().pk], "status": "resolved"}),
    ("error-group", "patch"): lambda: (f"errors/groups/{group().pk}/", {"status": "resolved"}),
    ("error-group-comments", "post"): lambda: (f"errors/groups/{group().pk}/comments/", {"text": "Seen."}),
    ("error-group-merge", "post"): lambda: _two_groups("merge"),
    ("error-group-unmerge", "post"): lambda: _two_groups("unmerge"),
    ("act", "post"): lambda: (f"/monitoring/alerts/act/{make(Act(incident().pk, 'acknowledge', 'ops'))}/", {}),
    ("allowed-networks", "post"): lambda: ("protection/allowed/", {"network": "192.0.2.0/24"}),
    ("allowed-network", "delete"): lambda: (
        f"protection/allowed/{AllowedNetwork.objects.create(network='192.0.2.0/24', created=NOW, created_by='x').pk}/",
        None,
    ),
    ("blocks", "post"): lambda: ("protection/blocks/", {"network": "198.51.100.7"}),
    ("unblock-one", "post"): lambda: (f"protection/blocks/{_block().pk}/unblock/", None),
    ("unblock", "post"): lambda: ("protection/unblock/", {"network": _block().network}),
    ("throttles", "post"): lambda: ("protection/throttles/", THROTTLE),
    ("throttle", "patch"): lambda: (f"protection/throttles/{_throttle().pk}/", {"rate": 7}),
    ("throttle", "delete"): lambda: (f"protection/throttles/{_throttle().pk}/", None),
    ("releases", "post"): lambda: ("analysis/releases/", {"release": "1.2.3"}),
    ("open-circuit", "post"): lambda: _circuit("open"),
    ("close-circuit", "post"): lambda: _circuit("close"),
    ("release-circuit", "post"): lambda: _circuit("release"),
    ("incident-acknowledge", "post"): lambda: (f"alerts/incidents/{incident().pk}/acknowledge/", {}),
    ("incident-unacknowledge", "post"): lambda: _acknowledged("unacknowledge"),
    ("incident-resolve", "post"): _over,
    ("incident-silence", "post"): lambda: (f"alerts/incidents/{incident().pk}/silence/", {"seconds": 60}),
    ("incident-comments", "post"): lambda: (f"alerts/incidents/{incident().pk}/comments/", {"text": "Seen."}),
    ("silences", "post"): lambda: ("alerts/silences/", {"matchers": ONE, "seconds": 60, "comment": "Quiet."}),
    ("silence", "delete"): lambda: (f"alerts/silences/{_silence().pk}/", None),
    ("maintenance-windows", "post"): lambda: ("alerts/maintenance/", WINDOW),
    ("maintenance-window", "patch"): lambda: (
        f"alerts/maintenance/{MaintenanceWindow.objects.create(name='n', starts=NOW, minutes=5).pk}/",
        {"minutes": 9},
    ),
    ("maintenance-window", "delete"): lambda: (
        f"alerts/maintenance/{MaintenanceWindow.objects.create(name='n', starts=NOW, minutes=5).pk}/",
        None,
    ),
    ("inhibitions", "post"): lambda: ("alerts/inhibitions/", INHIBITION),
    ("inhibition", "patch"): lambda: (
        f"alerts/inhibitions/{Inhibition.objects.create(**INHIBITION).pk}/",
        {"comment": "So."},
    ),
    ("inhibition", "delete"): lambda: (f"alerts/inhibitions/{Inhibition.objects.create(**INHIBITION).pk}/", None),
    ("alert-rules", "post"): lambda: ("alerts/rules/", RULE),
    ("alert-rule", "patch"): lambda: (f"alerts/rules/{_rule().pk}/", {"enabled": False}),
    ("alert-rule", "delete"): lambda: (f"alerts/rules/{_rule().pk}/", None),
    ("alert-rule-restore", "post"): _changed_rule,
    ("alert-channels", "post"): lambda: ("alerts/channels/", CHANNEL),
    ("alert-channel", "patch"): lambda: (f"alerts/channels/{_channel().pk}/", {"enabled": False}),
    ("alert-channel", "delete"): lambda: (f"alerts/channels/{_channel().pk}/", None),
    ("alert-channel-test", "post"): lambda: (f"alerts/channels/{_channel().pk}/test/", None),
    ("alert-recipients", "post"): lambda: ("alerts/recipients/", None),
    ("alert-send-again", "post"): lambda: (f"alerts/deliveries/{_delivery().pk}/send-again/", None),
    ("alert-destination-try", "post"): lambda: (f"alerts/destinations/{_gate().pk}/try/", None),
    ("recovery-approve", "post"): lambda: _recovery("approve"),
    ("recovery-reject", "post"): lambda: _recovery("reject"),
    ("recovery-roll-back", "post"): lambda: _recovery("roll-back", state="executed", undo={}),
    ("recovery-switch", "put"): lambda: ("recovery/switch/", {"on": False, "reason": "Quiet."}),
    ("dismiss-security-finding", "post"): _finding,
    ("trigger-recovery", "post"): lambda: ("/api/errors/recovery/trigger/", {"error_id": _error()}),
}
