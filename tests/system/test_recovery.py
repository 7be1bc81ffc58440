"""What fails is mended within a second, in real processes: seen, explained, taken back, and stopped by one switch."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .platform import Client, Platform, wait_until
from .visitors import PROXY, Reply, Visitor

pytestmark = pytest.mark.system

CULPRIT, OTHER = "203.0.113.7", "203.0.113.8"
RECOVERY = "/api/monitoring/recovery/"
SETTINGS = {
    "RECOVERY_STRATEGIES": ["request_throttle"],
    "RECOVERY_SOAK_SECONDS": 3,
    "RECOVERY_EXPLORATION": 0.0,
}
BURST = 40


def sign_in(visitor: Visitor, service: str) -> Reply:
    """Fail to sign in, as an error of a service of its own."""
    body = json.dumps({"error_type": "AuthenticationError"}).encode()
    return visitor.ask("POST", "/api/test-error/", body, Content_Type="application/json", X_Service=service)


def refused(visitor: Visitor) -> int:
    """How many of a burst of requests are refused."""
    return [visitor.visit().status for _ in range(BURST)].count(429)


def send(client: Client, method: str, path: str, body: Any) -> Any:
    return client._send(method, f"{RECOVERY}{path}", "", json.dumps(body).encode(), "application/json")


def test_a_remedy_takes_effect_is_watched_taken_back_and_switched_off(platform: Platform) -> None:
    platform.start(ENABLE_TEST_ERROR="1", TRUSTED_PROXIES=PROXY, MONITORING=json.dumps(SETTINGS))
    culprit, other, admin = Visitor(platform, CULPRIT), Visitor(platform, OTHER), Client(platform)

    answer = sign_in(culprit, "first").json
    assert answer["recovery"]["attempted"] is True
    assert answer["recovery"]["message"] == "Recovery successful: Request Throttle"
    assert answer["recovery"]["actions"] == [{"strategy": "request_throttle", "success": True}]
    wait_until(lambda: refused(culprit) > 0, "the client is slowed down")
    assert refused(other) == 0

    error_id = answer["error"]["error_id"]
    (recovery,) = admin.get(f"{RECOVERY}?error_id={error_id}").json["results"]
    shown = admin.get(f"{RECOVERY}{recovery['id']}/").json
    (action,) = [one for one in shown["actions"] if one["strategy"] == "request_throttle"]
    assert (action["state"], shown["trigger"], shown["treated"]) == ("executed", "decorator", True)
    assert shown["choice"]["words"]
    context = admin.get(f"/api/monitoring/errors/{error_id}/").json["context"]
    assert (context["recovery_success"], context["recovery_strategy"]) == (True, "request_throttle")

    # Once more for the same error: the answer is the one that there is.
    sent = json.dumps({"error_id": error_id}).encode()
    again = admin._send("POST", "/api/errors/recovery/trigger/", "", sent, "application/json")
    assert (again.status, again.json["success"], again.json["recovery"]["success"]) == (200, True, True)

    # Taken back by hand: the client is as free as the others.
    taken = send(admin, "POST", f"actions/{action['id']}/roll-back/", {"version": action["version"]})
    assert taken.status == 202
    wait_until(lambda: refused(culprit) == 0, "the throttle is taken back")
    wait_until(lambda: admin.get(f"{RECOVERY}{recovery['id']}/").json["state"] == "settled", "it is over")
    events = [one["event"] for one in admin.get(f"{RECOVERY}{recovery['id']}/").json["trail"]]
    assert "rolled_back" in events

    # With the switch off nothing is done any more, and it is said so.
    assert send(admin, "PUT", "switch/", {"on": False, "reason": "a test"}).json["on"] is False
    answer = sign_in(other, "second").json
    assert answer["recovery"]["success"] is not True
    assert answer["recovery"]["actions"] == []
    assert refused(other) == 0
    assert send(admin, "PUT", "switch/", {"on": True}).json["on"] is True

    metrics = admin.get("/metrics").text
    assert 'enginel_recovery_actions_total{outcome="executed",strategy="request_throttle"} 1.0' in metrics
