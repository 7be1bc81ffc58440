"""How gunicorn serves Enginel, in the container image and under `bin/up`."""

import gc
import os
from pathlib import Path
from typing import Any

_host = os.environ.get("HOST") or "127.0.0.1"
bind = f"[{_host}]:{os.environ.get('PORT') or 8000}" if ":" in _host else f"{_host}:{os.environ.get('PORT') or 8000}"
workers = int(os.environ.get("WEB_CONCURRENCY") or 2)
worker_class = "deploy.patient_worker.PatientWorker"
threads = int(os.environ.get("WEB_THREADS") or 4)
# The application is loaded once and shared by all workers; what must not be shared is renewed after the fork.
preload_app = True
timeout = 60
graceful_timeout = 5
keepalive = 5
loglevel = "info"
# Heartbeat files on a disk can block a worker long enough to be taken for dead.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108
control_socket_disable = True
# By default whoever connects from this machine may say where the application is mounted, or get an error for it.
forwarder_headers = ""


def post_worker_init(_worker: Any) -> None:
    """Follow the decisions at once: who takes the place of another one says so before its first request."""
    from monitoring.recording import presence

    presence.begin()


def when_ready(_server: Any) -> None:
    """Load what the first request would load, and keep the collector away from it, so that workers share all of it."""
    from django.urls import get_resolver

    _ = get_resolver().reverse_dict
    gc.collect()
    gc.freeze()
