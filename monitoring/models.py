"""The models of every slice, for Django to find."""

from monitoring.alerts.channels.models import AlertChannel
from monitoring.alerts.deliveries.models import AlertDigest, Delivery, DeliveryGate, DeliveryTotal
from monitoring.alerts.in_code.models import CodeAlert
from monitoring.alerts.incidents.models import Evaluation, Incident, IncidentEntry, RuleTrouble, TransitionTotal
from monitoring.alerts.rules.models import AlertRule, RuleChange
from monitoring.alerts.silences.models import Inhibition, MaintenanceWindow, Silence
from monitoring.analysis.anomalies.models import Anomaly, Baseline, QueueHour
from monitoring.analysis.forecasts.models import Forecast
from monitoring.analysis.releases.models import ReleaseMark
from monitoring.errors.bugs.models import BugCounter, KnownBug, TrackerState
from monitoring.errors.groups.models import (
    ErrorGroup,
    GroupEntry,
    GroupFingerprint,
    GroupHour,
    GroupRelease,
    GroupUser,
    Release,
)
from monitoring.errors.log.models import ErrorLog, LogTotal
from monitoring.errors.tally.models import ErrorMinute, ErrorTotal
from monitoring.health.models import ComponentChange, ComponentState
from monitoring.intake.models import Cursor, DeadLetter, Producer
from monitoring.jobs.actions.models import Action, StoredMessage
from monitoring.jobs.findings import Finding, FindingTotal
from monitoring.jobs.queues.models import QueueFlow, QueueMinute, QueueState
from monitoring.jobs.runs.models import RunningTask, TaskRun
from monitoring.jobs.schedule.models import ScheduledRun, ScheduleEntry, ScheduleWatch
from monitoring.jobs.workers.models import Worker
from monitoring.journal.audit.models import JournalEntry, PendingEntry, StreamHead
from monitoring.journal.lines.models import LogLine
from monitoring.journal.security.models import PatternHit, SecurityFinding, TriedMinute, VisitMinute
from monitoring.metrics.models import CounterMinute, GaugeValue, LabelledTotal, Total
from monitoring.performance.models import (
    DayRollup,
    DirtyPeriod,
    DurationTotal,
    HourRollup,
    MinuteRollup,
    SlowSample,
)
from monitoring.performance.spans.models import TraceSpan
from monitoring.protection.admins.models import ActingAdmin
from monitoring.protection.allowed.models import AllowedNetwork
from monitoring.protection.blocks.models import Block, BlockTotal
from monitoring.protection.circuits.models import (
    Circuit,
    CircuitAsker,
    CircuitCall,
    CircuitChange,
    CircuitPermit,
    CircuitTotal,
)
from monitoring.protection.counting.models import ErrorTally
from monitoring.protection.interruptions.models import Interruption, ProtectionRun
from monitoring.protection.notices.models import Notice, NoticeTotal, PatchCooldown
from monitoring.protection.throttles.models import Throttle
from monitoring.recovery.effects.models import Effect
from monitoring.recovery.models import Recovery, RecoveryAction, RecoveryEntry, RecoverySwitch, RecoveryTotal
from monitoring.sinks.models import SinkBatch, SinkState
from monitoring.storage.names import Name

__all__ = [
    "ActingAdmin",
    "Action",
    "AlertChannel",
    "AlertDigest",
    "AlertRule",
    "AllowedNetwork",
    "Anomaly",
    "Baseline",
    "Block",
    "BlockTotal",
    "BugCounter",
    "Circuit",
    "CircuitAsker",
    "CircuitCall",
    "CircuitChange",
    "CircuitPermit",
    "CircuitTotal",
    "CodeAlert",
    "ComponentChange",
    "ComponentState",
    "CounterMinute",
    "Cursor",
    "DayRollup",
    "DeadLetter",
    "Delivery",
    "DeliveryGate",
    "DeliveryTotal",
    "DirtyPeriod",
    "DurationTotal",
    "Effect",
    "ErrorGroup",
    "ErrorLog",
    "ErrorMinute",
    "ErrorTally",
    "ErrorTotal",
    "Evaluation",
    "Finding",
    "FindingTotal",
    "Forecast",
    "GaugeValue",
    "GroupEntry",
    "GroupFingerprint",
    "GroupHour",
    "GroupRelease",
    "GroupUser",
    "HourRollup",
    "Incident",
    "IncidentEntry",
    "Inhibition",
    "Interruption",
    "JournalEntry",
    "KnownBug",
    "LabelledTotal",
    "LogLine",
    "LogTotal",
    "MaintenanceWindow",
    "MinuteRollup",
    "Name",
    "Notice",
    "NoticeTotal",
    "PatchCooldown",
    "PatternHit",
    "PendingEntry",
    "Producer",
    "ProtectionRun",
    "QueueFlow",
    "QueueHour",
    "QueueMinute",
    "QueueState",
    "Recovery",
    "RecoveryAction",
    "RecoveryEntry",
    "RecoverySwitch",
    "RecoveryTotal",
    "Release",
    "ReleaseMark",
    "RuleChange",
    "RuleTrouble",
    "RunningTask",
    "ScheduleEntry",
    "ScheduleWatch",
    "ScheduledRun",
    "SecurityFinding",
    "Silence",
    "SinkBatch",
    "SinkState",
    "SlowSample",
    "StoredMessage",
    "StreamHead",
    "TaskRun",
    "Throttle",
    "Total",
    "TraceSpan",
    "TrackerState",
    "TransitionTotal",
    "TriedMinute",
    "VisitMinute",
    "Worker",
]
