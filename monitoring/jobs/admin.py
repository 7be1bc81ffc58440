"""Admin pages of workers and findings. Runs have a composite primary key, and so no page."""

from __future__ import annotations

from django.contrib import admin

from monitoring.access.admin import ReadOnlyAdmin

from .findings import Finding
from .workers.models import Worker


@admin.register(Worker)
class WorkerAdmin(ReadOnlyAdmin):
    """Workers by name, as they last said they are."""

    list_display = ["node", "state", "since", "seen", "finished", "waiting"]
    list_filter = ["state"]
    search_fields = ["node"]


@admin.register(Finding)
class FindingAdmin(ReadOnlyAdmin):
    """What is or was wrong with jobs, the newest first."""

    list_display = ["opened", "kind", "subject", "closed"]
    list_filter = ["kind", "opened", ("closed", admin.EmptyFieldListFilter)]
    search_fields = ["subject"]
