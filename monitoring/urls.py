"""URLs of the platform. A project includes them at its root: `path("", include("monitoring.urls"))`."""

from django.urls import include, path, re_path

from .access import paths  # noqa: F401  # makes `any_name` known
from .alerts.acting.view import ActView
from .alerts.api import urls as alerts
from .alerts.api.history import AlertHistoryView
from .analysis.anomalies.api import AnomaliesView
from .analysis.causes.api import CausesView
from .analysis.forecasts.api import ForecastsView
from .analysis.insights.api import ErrorMetricsView, InsightsView, TrendsView
from .analysis.releases.api import ReleasesView
from .analysis.suspects.api import GroupSuspectsView, SlowSuspectsView
from .analysis.traces.api import TracesView, TraceView
from .endpoints.views import DashboardView, DocsView, HealthView, NowhereView, SchemaView
from .errors.bugs.api import BugsView, BugView, FileBugView
from .errors.groups.api import CommentsView, GroupsView, GroupView, MergeView, UnmergeView
from .errors.log.api import ErrorsView, ErrorView, SummaryView
from .exposition.view import MetricsView
from .health.api import DetailedView, ReadyView
from .intake.api import DeadLettersView, ReplayView
from .jobs.actions.api import ActionsView, view_of
from .jobs.api import FindingsView
from .jobs.queues.api import QueuesView, QueueView
from .jobs.runs.api import RunningView, TasksView, TaskView, TreeView
from .jobs.schedule.api import BeatsView, ScheduledRunsView, ScheduleView
from .jobs.workers.api import WorkersView, WorkerView
from .journal.entries.api import JournalEntryView, JournalExportView, JournalView
from .journal.lines.api import LogsView
from .journal.security.api import DismissView, SecurityFindingView, SecurityView
from .performance.api import PerformanceView, SlowView
from .protection.allowed.api import AllowedNetworkView, AllowedView
from .protection.circuits.api import CircuitsView, CircuitView, CloseCircuitView, OpenCircuitView, ReleaseCircuitView
from .protection.control.api import BlocksView, BlockView, UnblockOneView, UnblockView
from .protection.control.summary import ProtectionView
from .protection.throttles.api import ThrottlesView, ThrottleView
from .recovery.callers.api import TestErrorView, TriggerView
from .recovery.control import urls as recovery
from .sampling import SamplingView
from .sinks.api import SinksView

app_name = "monitoring"
urlpatterns = [
    path("api/health/", HealthView.as_view(), name="health"),
    path("api/health/ready/", ReadyView.as_view(), name="health-ready"),
    path("api/health/detailed/", DetailedView.as_view(), name="health-detailed"),
    path("metrics", MetricsView.as_view(), name="metrics"),
    path("api/monitoring/dashboard/", DashboardView.as_view(), name="dashboard"),
    path("api/monitoring/performance/", PerformanceView.as_view(), name="performance"),
    path("api/monitoring/performance/slow/", SlowView.as_view(), name="slow"),
    path("api/monitoring/tasks/", TasksView.as_view(), name="tasks"),
    path("api/monitoring/tasks/running/", RunningView.as_view(), name="tasks-running"),
    path("api/monitoring/tasks/sampling/", SamplingView.as_view(), name="tasks-sampling"),
    path("api/monitoring/tasks/tree/", TreeView.as_view(), name="task-tree"),
    # What is done to a name comes before the name alone, which may hold slashes.
    path("api/monitoring/tasks/<any_name:target>/rerun/", view_of("rerun").as_view(), name="rerun"),
    path("api/monitoring/tasks/<any_name:target>/revoke/", view_of("revoke").as_view(), name="revoke"),
    path("api/monitoring/tasks/<any_name:task_id>/", TaskView.as_view(), name="task"),
    path("api/monitoring/workers/", WorkersView.as_view(), name="workers"),
    *(
        path(f"api/monitoring/workers/<any_name:target>/{kind}/", view_of(kind).as_view(), name=kind)
        for kind in ("scale", "rate-limit", "add-consumer", "cancel-consumer")
    ),
    path("api/monitoring/workers/<any_name:node>/", WorkerView.as_view(), name="worker"),
    path("api/monitoring/findings/", FindingsView.as_view(), name="findings"),
    path("api/monitoring/queues/", QueuesView.as_view(), name="queues"),
    path("api/monitoring/queues/<any_name:target>/purge/", view_of("purge").as_view(), name="purge"),
    path("api/monitoring/queues/<any_name:name>/", QueueView.as_view(), name="queue"),
    path("api/monitoring/actions/", ActionsView.as_view(), name="actions"),
    path("api/monitoring/schedule/", ScheduleView.as_view(), name="schedule"),
    path("api/monitoring/schedule/beats/", BeatsView.as_view(), name="schedule-beats"),
    path("api/monitoring/schedule/<any_name:entry>/runs/", ScheduledRunsView.as_view(), name="schedule-runs"),
    path("api/monitoring/bugs/", BugsView.as_view(), name="bugs"),
    path("api/monitoring/bugs/<any_name:bug_id>/file/", FileBugView.as_view(), name="file-bug"),
    path("api/monitoring/bugs/<any_name:bug_id>/", BugView.as_view(), name="bug"),
    path("api/monitoring/sinks/", SinksView.as_view(), name="sinks"),
    path("api/monitoring/dead-letters/", DeadLettersView.as_view(), name="dead-letters"),
    path("api/monitoring/dead-letters/<int:pk>/replay/", ReplayView.as_view(), name="replay"),
    path("api/monitoring/errors/", ErrorsView.as_view(), name="errors"),
    path("api/monitoring/errors/<uuid:error_id>/", ErrorView.as_view(), name="error"),
    path("api/monitoring/errors/groups/", GroupsView.as_view(), name="error-groups"),
    path("api/monitoring/errors/groups/<int:pk>/", GroupView.as_view(), name="error-group"),
    path("api/monitoring/errors/groups/<int:pk>/comments/", CommentsView.as_view(), name="error-group-comments"),
    path("api/monitoring/errors/groups/<int:pk>/merge/", MergeView.as_view(), name="error-group-merge"),
    path("api/monitoring/errors/groups/<int:pk>/unmerge/", UnmergeView.as_view(), name="error-group-unmerge"),
    path("monitoring/alerts/act/<str:token>/", ActView.as_view(), name="act"),
    path("api/errors/summary/", SummaryView.as_view(), name="errors-summary"),
    path("api/monitoring/protection/", ProtectionView.as_view(), name="protection"),
    path("api/monitoring/protection/allowed/", AllowedView.as_view(), name="allowed-networks"),
    path("api/monitoring/protection/allowed/<int:pk>/", AllowedNetworkView.as_view(), name="allowed-network"),
    path("api/monitoring/protection/blocks/", BlocksView.as_view(), name="blocks"),
    path("api/monitoring/protection/blocks/<int:pk>/", BlockView.as_view(), name="block"),
    path("api/monitoring/protection/blocks/<int:pk>/unblock/", UnblockOneView.as_view(), name="unblock-one"),
    path("api/monitoring/protection/unblock/", UnblockView.as_view(), name="unblock"),
    path("api/monitoring/protection/throttles/", ThrottlesView.as_view(), name="throttles"),
    path("api/monitoring/protection/throttles/<int:pk>/", ThrottleView.as_view(), name="throttle"),
    path("api/monitoring/analysis/anomalies/", AnomaliesView.as_view(), name="anomalies"),
    path("api/monitoring/analysis/forecasts/", ForecastsView.as_view(), name="forecasts"),
    path("api/monitoring/analysis/releases/", ReleasesView.as_view(), name="releases"),
    path("api/monitoring/analysis/causes/<uuid:error_id>/", CausesView.as_view(), name="causes"),
    path("api/monitoring/analysis/suspects/groups/<int:pk>/", GroupSuspectsView.as_view(), name="group-suspects"),
    path("api/monitoring/analysis/suspects/slow/", SlowSuspectsView.as_view(), name="slow-suspects"),
    path("api/monitoring/traces/", TracesView.as_view(), name="traces"),
    path("api/monitoring/traces/<str:trace_id>/", TraceView.as_view(), name="trace"),
    path("api/monitoring/logs/", LogsView.as_view(), name="logs"),
    path("api/monitoring/security/", SecurityView.as_view(), name="security"),
    path("api/monitoring/security/<int:pk>/", SecurityFindingView.as_view(), name="security-finding"),
    path("api/monitoring/security/<int:pk>/dismiss/", DismissView.as_view(), name="dismiss-security-finding"),
    path("api/monitoring/journal/", JournalView.as_view(), name="journal"),
    path("api/monitoring/journal/export/", JournalExportView.as_view(), name="journal-export"),
    path("api/monitoring/journal/<uuid:entry_id>/", JournalEntryView.as_view(), name="journal-entry"),
    path("api/monitoring/circuits/", CircuitsView.as_view(), name="circuits"),
    path("api/monitoring/circuits/<int:pk>/", CircuitView.as_view(), name="circuit"),
    path("api/monitoring/circuits/<int:pk>/open/", OpenCircuitView.as_view(), name="open-circuit"),
    path("api/monitoring/circuits/<int:pk>/close/", CloseCircuitView.as_view(), name="close-circuit"),
    path("api/monitoring/circuits/<int:pk>/release/", ReleaseCircuitView.as_view(), name="release-circuit"),
    path("api/monitoring/alerts/", include(alerts.urlpatterns)),
    path("api/monitoring/recovery/", include(recovery.urlpatterns)),
    path("api/metrics/errors", ErrorMetricsView.as_view(), name="metrics-errors"),
    path("api/metrics/trends", TrendsView.as_view(), name="metrics-trends"),
    path("api/metrics/insights", InsightsView.as_view(), name="metrics-insights"),
    path("api/metrics/alerts", AlertHistoryView.as_view(), name="metrics-alerts"),
    path("api/errors/recovery/trigger/", TriggerView.as_view(), name="trigger-recovery"),
    path("api/test-error/", TestErrorView.as_view(), name="test-error"),
    path("api/schema/", SchemaView.as_view(), name="schema"),
    path("api/docs/", DocsView.as_view(), name="docs"),
    # Only with a slash at its end, so that Django goes on adding the one that is missing elsewhere.
    re_path(r"^api/monitoring/(?:.*/)?$", NowhereView.as_view(), name="nowhere"),
]
