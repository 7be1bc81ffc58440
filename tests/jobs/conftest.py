"""Workers for tests of jobs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from celery import Celery, current_app

from monitoring.jobs import sight
from monitoring.recording import node
from tests.jobs.crew import Crew


@pytest.fixture
def crew(tmp_path: Path, redis_client: Any, redis_url: str, settings: Any) -> Iterator[Crew]:
    """Workers on this test worker's Redis; that is the current Celery app's broker meanwhile."""
    settings.MONITORING = {**settings.MONITORING, "HEARTBEAT_INTERVAL": 0.3}
    before = current_app._get_current_object()
    app = Celery("crew-client", broker=redis_url, backend=redis_url, set_as_current=False)
    app.conf.broker_transport_options = {"visibility_timeout": 3600}
    app.set_current()
    sight.forget()
    one = Crew(tmp_path, app)
    yield one
    one.close()
    before.set_current()
    app.close()
    sight.forget()
    node.forget()
