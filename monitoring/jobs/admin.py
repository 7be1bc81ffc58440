"""Admin pages of workers and findings. Runs have a composite primary key, and so no page."""

from __future__ import annotations

from datetime import datetime

from django.contrib import admin
from django.utils.timezone import localtime

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

    list_display = ["began", "kind", "about", "task", "worker", "queue", "ended"]
    list_filter = ["kind", "opened", ("closed", admin.EmptyFieldListFilter)]
    search_fields = ["subject"]

    @admin.display(description="opened", ordering="opened")
    def began(self, finding: Finding) -> str:
        """Show when, with seconds."""
        return _moment(finding.opened)

    @admin.display(description="closed", ordering="closed")
    def ended(self, finding: Finding) -> str | None:
        """Show when it was over, with seconds."""
        return None if finding.closed is None else _moment(finding.closed)

    @admin.display(description="about", ordering="subject")
    def about(self, finding: Finding) -> str:
        """Show the subject: of an execution the task's id, without when it began."""
        return _text(finding, "task_id") or finding.subject

    @admin.display(description="task")
    def task(self, finding: Finding) -> str:
        """Show the name of the task."""
        return _text(finding, "task")

    @admin.display(description="worker")
    def worker(self, finding: Finding) -> str:
        """Show the worker that it happened to."""
        return finding.subject if finding.kind in _OF_WORKERS else _text(finding, "worker")

    @admin.display(description="queue")
    def queue(self, finding: Finding) -> str:
        """Show the queue."""
        return finding.subject if finding.kind in _OF_QUEUES else _text(finding, "queue")


_OF_WORKERS = {"worker_down", "worker_wedged"}
_OF_QUEUES = {"queue_stalled", "queue_unconsumed"}


def _moment(value: datetime) -> str:
    return localtime(value).strftime("%Y-%m-%d %H:%M:%S")


def _text(finding: Finding, name: str) -> str:
    value = finding.detail.get(name) if isinstance(finding.detail, dict) else None
    return value if isinstance(value, str) else ""
