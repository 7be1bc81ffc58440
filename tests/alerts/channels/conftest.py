"""A mail server and web servers on this machine, which `OUTBOUND_ALLOWED_NETWORKS` lets channels reach."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest

from .mailbox import Mailbox


@pytest.fixture
def mailbox(settings: Any) -> Iterator[Mailbox]:
    """A mail server that Django's mail backend talks to."""
    with Mailbox.serve() as served:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = served.host, served.port
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
        settings.EMAIL_TIMEOUT = None
        settings.DEFAULT_FROM_EMAIL = "Enginel <enginel@monitoring.example.com>"
        yield served


@pytest.fixture
def reachable(settings: Any) -> None:
    """Let channels reach this machine."""
    settings.MONITORING = {**settings.MONITORING, "OUTBOUND_ALLOWED_NETWORKS": ["127.0.0.0/8", "::1"]}


@pytest.fixture
def everything_logged(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """What is logged at whatever level."""
    caplog.set_level(logging.DEBUG)
    return caplog


def logged(caplog: pytest.LogCaptureFixture) -> str:
    """Return what was logged by all but the servers of tests."""
    ours = (record for record in caplog.records if not record.name.startswith(("werkzeug", "mail.log")))
    return "\n".join(f"{record.name} {record.getMessage()}" for record in ours)
