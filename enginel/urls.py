"""URLs of the whole project: the admin, the monitored service, and the platform."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", include("monitoring.urls")),
    path("", include("designs.urls")),
]
