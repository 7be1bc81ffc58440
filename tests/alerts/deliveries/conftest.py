"""What tests of deliveries stand on: receivers of their own on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.alerts.deliveries.receivers import Mailbox, Receiver, WebReceiver
from tests.faults.conftest import database  # noqa: F401


@pytest.fixture
def hook(settings: Any) -> Iterator[WebReceiver]:
    """A program that takes webhooks."""
    settings.MONITORING = {**settings.MONITORING, "OUTBOUND_ALLOWED_NETWORKS": ["127.0.0.0/8"]}
    one = WebReceiver()
    yield one
    one.close()


@pytest.fixture
def mailbox(settings: Any) -> Iterator[Mailbox]:
    """A mail server with one mailbox."""
    one = Mailbox()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = one.address
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    settings.EMAIL_HOST_USER = ""
    yield one
    one.close()


@pytest.fixture(params=["hook", "mailbox"])
def receiver(request: pytest.FixtureRequest) -> Receiver:
    """Each of the receivers in turn."""
    found: Receiver = request.getfixturevalue(request.param)
    return found
