"""The models of every slice, for Django to find."""

from monitoring.alerts.rules.models import AlertRule, RuleChange
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
from monitoring.health.models import ComponentState
from monitoring.intake.models import Cursor, DeadLetter, Producer
from monitoring.jobs.actions.models import Action, StoredMessage
from monitoring.jobs.findings import Finding, FindingTotal
from monitoring.jobs.queues.models import QueueFlow, QueueMinute, QueueState
from monitoring.jobs.runs.models import RunningTask, TaskRun
from monitoring.jobs.schedule.models import ScheduledRun, ScheduleEntry, ScheduleWatch
from monitoring.jobs.workers.models import Worker
from monitoring.metrics.models import CounterMinute, GaugeValue, LabelledTotal, Total
from monitoring.performance.models import (
    DayRollup,
    DirtyPeriod,
    DurationTotal,
    HourRollup,
    MinuteRollup,
    SlowSample,
)
from monitoring.storage.names import Name

__all__ = [
    "Action",
    "AlertRule",
    "BugCounter",
    "ComponentState",
    "CounterMinute",
    "Cursor",
    "DayRollup",
    "DeadLetter",
    "DirtyPeriod",
    "DurationTotal",
    "ErrorGroup",
    "ErrorLog",
    "ErrorMinute",
    "ErrorTotal",
    "Finding",
    "FindingTotal",
    "GaugeValue",
    "GroupEntry",
    "GroupFingerprint",
    "GroupHour",
    "GroupRelease",
    "GroupUser",
    "HourRollup",
    "KnownBug",
    "LabelledTotal",
    "LogTotal",
    "MinuteRollup",
    "Name",
    "Producer",
    "QueueFlow",
    "QueueMinute",
    "QueueState",
    "Release",
    "RuleChange",
    "RunningTask",
    "ScheduleEntry",
    "ScheduleWatch",
    "ScheduledRun",
    "SlowSample",
    "StoredMessage",
    "TaskRun",
    "Total",
    "TrackerState",
    "Worker",
]
