"""The admin pages of every slice, for Django to find. Models with a composite primary key cannot have one."""

from __future__ import annotations

from django.contrib import admin

from monitoring.access.admin import ReadOnlyAdmin
from monitoring.alerts.channels.admin import AlertChannelAdmin
from monitoring.alerts.deliveries.admin import AlertDigestAdmin, DeliveryAdmin, DeliveryGateAdmin
from monitoring.alerts.incidents.admin import EvaluationAdmin, IncidentAdmin, RuleTroubleAdmin
from monitoring.alerts.rules.admin import AlertRuleAdmin
from monitoring.alerts.silences.admin import InhibitionAdmin, MaintenanceWindowAdmin, SilenceAdmin
from monitoring.analysis.admin import AnalysedGroupAdmin, ReleaseMarkAdmin
from monitoring.analysis.anomalies.admin import AnomalyAdmin
from monitoring.analysis.forecasts.admin import ForecastAdmin
from monitoring.errors.admin import ErrorLogAdmin
from monitoring.errors.bugs.admin import KnownBugAdmin
from monitoring.health.admin import ComponentStateAdmin
from monitoring.intake.admin import DeadLetterAdmin
from monitoring.jobs.actions.admin import ActionAdmin, StoredMessageAdmin
from monitoring.jobs.admin import FindingAdmin, WorkerAdmin
from monitoring.journal.entries.admin import JournalEntryAdmin, PendingEntryAdmin
from monitoring.journal.security.admin import SecurityFindingAdmin
from monitoring.performance.admin import SlowSampleAdmin
from monitoring.protection.allowed.admin import AllowedNetworkAdmin
from monitoring.protection.circuits.admin import CircuitAdmin
from monitoring.protection.control.admin import BlockAdmin
from monitoring.protection.notices.admin import NoticeAdmin
from monitoring.protection.throttles.admin import ThrottleAdmin
from monitoring.recovery.control.admin import RecoveryActionAdmin, RecoveryAdmin, RecoveryEntryAdmin
from monitoring.sinks.admin import SinkStateAdmin
from monitoring.storage.names import Name

__all__ = [
    "ActionAdmin",
    "AlertChannelAdmin",
    "AlertDigestAdmin",
    "AlertRuleAdmin",
    "AllowedNetworkAdmin",
    "AnalysedGroupAdmin",
    "AnomalyAdmin",
    "BlockAdmin",
    "CircuitAdmin",
    "ComponentStateAdmin",
    "DeadLetterAdmin",
    "DeliveryAdmin",
    "DeliveryGateAdmin",
    "ErrorLogAdmin",
    "EvaluationAdmin",
    "FindingAdmin",
    "ForecastAdmin",
    "IncidentAdmin",
    "InhibitionAdmin",
    "JournalEntryAdmin",
    "KnownBugAdmin",
    "MaintenanceWindowAdmin",
    "NameAdmin",
    "NoticeAdmin",
    "PendingEntryAdmin",
    "RecoveryActionAdmin",
    "RecoveryAdmin",
    "RecoveryEntryAdmin",
    "ReleaseMarkAdmin",
    "RuleTroubleAdmin",
    "SecurityFindingAdmin",
    "SilenceAdmin",
    "SinkStateAdmin",
    "SlowSampleAdmin",
    "StoredMessageAdmin",
    "ThrottleAdmin",
    "WorkerAdmin",
]


@admin.register(Name)
class NameAdmin(ReadOnlyAdmin):
    """What is recorded, by name. It is here because storage, which has the model, knows no web page."""

    list_display = ["name", "kind", "service"]
    list_filter = ["kind"]
    search_fields = ["name"]
    ordering = ["kind", "name"]
