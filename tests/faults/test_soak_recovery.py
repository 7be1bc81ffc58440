"""Recoveries under random kills: each takes effect once or says why not, and nothing is left behind."""

from __future__ import annotations

import http.client
import json
import random
import subprocess
import sys
import threading
import time
from typing import Any

import psutil
import pytest

from tests.system.conftest import platform
from tests.system.platform import ROOT, Platform, wait_until
from tests.system.visitors import PROXY, Visitor

__all__ = ["platform"]
pytestmark = pytest.mark.soak

SECONDS, VISITORS, FAULTS = 150, 4, 15
SETTINGS = {
    "RECOVERY_STRATEGIES": ["request_throttle"],
    "RECOVERY_SOAK_SECONDS": 5,
    "RECOVERY_EXPLORATION": 0.0,
    "RECOVERY_MOST": 100_000,
}
SUMMARY = """
import json
from collections import Counter
from monitoring.errors.log.models import ErrorLog
from monitoring.protection.throttles.models import Origin, Throttle
from monitoring.recovery.models import Recovery, RecoveryAction
made = Throttle.objects.filter(origin=Origin.RECOVERY)
took = RecoveryAction.objects.filter(strategy="request_throttle").exclude(executed_at=None)
orders = {f"request_throttle {one}" for one in took.values_list("pk", flat=True)}
print(json.dumps({
    "errors": ErrorLog.objects.filter(service__startswith="soak-").count(),
    "recoveries": Recovery.objects.filter(service__startswith="soak-").count(),
    "states": Counter(Recovery.objects.values_list("state", flat=True)),
    "actions": Counter(f"{a} {b}" for a, b in RecoveryAction.objects.values_list("strategy", "state")),
    "leases": Recovery.objects.exclude(lease=None).count(),
    "performing": RecoveryAction.objects.filter(state="performing").count(),
    "throttles": made.count(),
    "makers": made.values("created_by").distinct().count(),
    "took_effect": took.count(),
    "of_effects": len(orders & set(made.values_list("created_by", flat=True))),
    "standing": made.filter(ended=None).count(),
    "executed": took.filter(state="executed").count(),
}))
"""


def summary(platform: Platform) -> dict[str, Any]:
    command = [sys.executable, "manage.py", "shell", "-c", SUMMARY]
    ran = subprocess.run(
        command, cwd=ROOT, env=platform.environment(), capture_output=True, text=True, check=True, timeout=120
    )
    found: dict[str, Any] = json.loads(ran.stdout.strip().splitlines()[-1])
    return found


def workers(platform: Platform) -> list[psutil.Process]:
    """The processes that run tasks, and those that answer requests, but for the masters of web."""
    assert platform.process is not None
    found = []
    for one in psutil.Process(platform.process.pid).children(recursive=True):
        try:
            line, parent = " ".join(one.cmdline()), one.parent()
        except psutil.Error:
            continue
        web = "gunicorn" in line and parent is not None and "gunicorn" in " ".join(parent.cmdline())
        if web or ("celery" in line and "worker" in line):
            found.append(one)
    return found


def test_whatever_is_killed_each_remedy_is_applied_once_and_nothing_stays(platform: Platform) -> None:
    platform.start(
        ENABLE_TEST_ERROR="1",
        TRUSTED_PROXIES=PROXY,
        ERROR_RATE_LIMIT_COUNT="1000",
        ERROR_RECOVERY_TIMEOUT="500",
        MONITORING=json.dumps(SETTINGS),
    )
    ends, answered, broken, kills = time.monotonic() + SECONDS, [0] * VISITORS, [0] * VISITORS, 0
    chance = random.Random()

    def visit(place: int) -> None:
        number = 0
        body = json.dumps({"error_type": "AuthenticationError"}).encode()
        while time.monotonic() < ends:
            number += 1
            visitor = Visitor(platform, f"198.51.{place}.{number % FAULTS + 1}")
            try:
                sent = {"Content_Type": "application/json", "X_Service": f"soak-{place}-{number % FAULTS:03}"}
                visitor.ask("POST", "/api/test-error/", body, **sent)
                answered[place] += 1
            except (OSError, http.client.HTTPException):  # who answered was killed
                broken[place] += 1
                time.sleep(0.2)

    threads = [threading.Thread(target=visit, args=(place,)) for place in range(VISITORS)]
    for thread in threads:
        thread.start()
    while time.monotonic() < ends:
        time.sleep(chance.uniform(1.0, 5.0))
        chosen = chance.choice(workers(platform) or [None])
        if chosen is not None:
            kills += 1
            chosen.kill()
    for thread in threads:
        thread.join()
    found: dict[str, Any] = {}

    def over() -> bool:
        nonlocal found
        time.sleep(3.0)
        found = summary(platform)
        return not ({"requested", "executing", "soaking"} & found["states"].keys() or found["leases"])

    wait_until(over, "every recovery is over", 240.0, lambda: found)
    print(f"\n{kills} SIGKILLs; {sum(answered)} answers, {sum(broken)} cut off; {json.dumps(found)}")
    assert found["performing"] == 0
    # No order made two; each that took effect made its own; and what stands is what the rows say is in effect.
    assert found["throttles"] == found["makers"]
    assert found["of_effects"] == found["took_effect"] > 0
    assert found["standing"] == found["executed"]
