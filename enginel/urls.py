"""URLs of the whole project: the admin, the monitored service, and the platform."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="monitoring:docs"), name="root"),
    path("admin/", admin.site.urls),
    path("", include("monitoring.urls")),
    path("", include("designs.urls")),
]

handler400 = "monitoring.errors.answers.views.bad_request"
handler403 = "monitoring.errors.answers.views.permission_denied"
handler404 = "monitoring.errors.answers.views.page_not_found"
handler500 = "monitoring.errors.answers.views.server_error"
