"""URLs of the monitored service."""

from django.urls import path

from .api import DesignDetailView, DesignListView, SeriesView, UploadView

urlpatterns = [
    path("api/designs/upload/", UploadView.as_view(), name="design-upload"),
    path("api/designs/", DesignListView.as_view(), name="design-list"),
    path("api/designs/<uuid:pk>/", DesignDetailView.as_view(), name="design-detail"),
    path("api/series/", SeriesView.as_view(), name="series-list"),
]
