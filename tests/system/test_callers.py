"""Views of a service under gunicorn ask for recovery, and a worker of the platform recovers: in real processes."""

from __future__ import annotations

import contextlib
import urllib.error
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitoring.conf import Config
from monitoring.stream import heartbeats
from monitoring.stream.connection import connect

from .callers import Callers
from .platform import Client, Platform, wait_until

pytestmark = pytest.mark.system


@pytest.fixture
def callers(platform: Platform, tmp_path: Path) -> Iterator[Callers]:
    made = Callers(platform, tmp_path)
    try:
        yield made
    finally:
        made.stop()


def answers(client: Client) -> bool:
    try:
        return client.get("/well/").status == 200
    except (urllib.error.URLError, OSError):
        return False


def offers(platform: Platform) -> bool:
    with contextlib.closing(connect(platform.secret("redis/url"), 5.0)) as client:
        said = [one.state.get("can") for one in heartbeats.read_web(client, Config().stream_prefix)]
    return any(isinstance(can, dict) and "prices" in can.get("http_timeouts", {}) for can in said)


def test_each_caller_is_answered_with_what_became_of_its_error(platform: Platform, callers: Callers) -> None:
    platform.start()
    callers.start()
    service, admin = Client(callers), Client(platform)
    wait_until(lambda: answers(service), "gunicorn answers", why_not=lambda: callers.output)
    wait_until(
        lambda: offers(platform), "its process says which timeouts may be raised", why_not=lambda: callers.output
    )

    # The decorator waits until the timeout is raised in this very process, and the next call lasts longer.
    failed = service.post("/prices/")
    told = failed.json
    assert told["recovery"]["message"] == "Recovery successful: Timeout Increase", f"{told}\n{platform.output}"
    assert (failed.status, told["recovery"]["success"], told["error"]["type"]) == (503, True, "TimeoutError")
    assert told["recovery"]["actions"] == [{"strategy": "timeout_increase", "success": True}]
    assert service.post("/prices/").json == {"price": 12}

    # What passes is tried again where that is safe, also in an async view.
    assert service.get("/passing/").json == {"tried": 2}

    # A function of the project recovers in the process that has registered it, before anybody else is asked.
    suppressed = service.get("/block/").json["suppressed"]
    assert (suppressed["success"], suppressed["actions"]) == (
        True,
        [{"strategy": "database_reconnected", "success": True}],
    )

    # The middleware answers at once, and by the id in its answer everybody learns what became of it.
    answer = service.get("/broken/")
    assert (answer.status, answer.json["recovery"]["attempted"], answer.json["recovery"]["success"]) == (
        503,
        True,
        None,
    )
    error_id = answer.json["error"]["error_id"]

    def logged() -> bool:
        return admin.get(f"/api/monitoring/errors/{error_id}/").status == 200

    wait_until(logged, "the error is in the log", why_not=lambda: callers.output)
    recovered = admin.get(f"/api/monitoring/recovery/?error_id={error_id}")
    assert recovered.json["results"][0]["error_type"] == "TimeoutError"
