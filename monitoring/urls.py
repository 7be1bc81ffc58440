"""URLs of the platform. A project includes them at its root: `path("", include("monitoring.urls"))`."""

from django.urls import path

from .endpoints import HealthView

app_name = "monitoring"
urlpatterns = [
    path("api/health/", HealthView.as_view(), name="health"),
]
