"""URLs of the platform. A project includes them at its root: `path("", include("monitoring.urls"))`."""

from django.urls import path

from .endpoints import DashboardView, DocsView, HealthView, SchemaView
from .errors.api import TestErrorView
from .intake.api import DeadLettersView, ReplayView
from .performance.api import PerformanceView, SlowView

app_name = "monitoring"
urlpatterns = [
    path("api/health/", HealthView.as_view(), name="health"),
    path("api/monitoring/dashboard/", DashboardView.as_view(), name="dashboard"),
    path("api/monitoring/performance/", PerformanceView.as_view(), name="performance"),
    path("api/monitoring/performance/slow/", SlowView.as_view(), name="slow"),
    path("api/monitoring/dead-letters/", DeadLettersView.as_view(), name="dead-letters"),
    path("api/monitoring/dead-letters/<int:pk>/replay/", ReplayView.as_view(), name="replay"),
    path("api/test-error/", TestErrorView.as_view(), name="test-error"),
    path("api/schema/", SchemaView.as_view(), name="schema"),
    path("api/docs/", DocsView.as_view(), name="docs"),
]
