"""What code of a project has written to the journal: at once, awaited or not, with whatever it calls its context."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
import warnings
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from monitoring.journal import AuditLogger, BusinessLogger
from monitoring.journal.faces import surroundings
from monitoring.journal.record import record
from monitoring.recording.context import Context, current
from monitoring.recording.encode import entry as encoded
from monitoring.recording.events import Entry
from monitoring.recording.recorder import recorder

LOG = {"trace_id": "a" * 32, "request_id": "r-1", "user_id": "user_456", "ip_address": "203.0.113.7"}


@pytest.fixture
def entries(monkeypatch: pytest.MonkeyPatch) -> list[Entry]:
    """What is recorded, instead of sending it."""
    kept: list[Entry] = []
    monkeypatch.setattr(recorder, "record_fact", kept.append)
    return kept


def test_what_a_user_did_is_recorded_when_it_is_called(entries: list[Entry]) -> None:
    said = BusinessLogger().log_user_action(
        action="update", resource_type="video", resource_id="vid_123", context=LOG, user_id="user_456", size=3
    )
    (entry,) = entries
    assert (entry.stream, entry.action, f"{entry.entry_id:032x}") == ("business", "video.update", said)
    assert entry.values == {
        "trace_id": "a" * 32,
        "request_id": "r-1",
        "user_id": "user_456",
        "client": "203.0.113.7",
        "target_type": "video",
        "target_id": "vid_123",
        "outcome": "success",
        "details": {"size": 3},
    }


def test_it_can_be_awaited_and_need_not_be(entries: list[Entry]) -> None:
    async def both() -> tuple[str, str]:
        unawaited = BusinessLogger().log_video_creation("vid_1", template_id="t", script_length=500)
        awaited = await AuditLogger().log_authentication(success=True, user_id="7")
        return unawaited, awaited

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        first, second = asyncio.run(both())
    assert [f"{one.entry_id:032x}" for one in entries] == [first, second]
    assert entries[0].values["details"] == {"template_id": "t", "script_length": 500}


@pytest.mark.parametrize(
    ("act", "action", "outcome"),
    [
        (lambda log: log.log_authentication(True, user_id="7"), "user.authenticate", "success"),
        (lambda log: log.log_authentication(False, user_id="7"), "user.authenticate", "failure"),
        (lambda log: log.log_authorization("/videos/1", "update", True), "access.update", "success"),
        (lambda log: log.log_authorization("/videos/1", "update", False), "access.update", "denied"),
        (
            lambda log: log.log_event("invoice.approve", target_type="invoice", target_id=9),
            "invoice.approve",
            "success",
        ),
    ],
)
def test_outcomes_are_named(entries: list[Entry], act: Any, action: str, outcome: str) -> None:
    act(AuditLogger())
    (entry,) = entries
    assert (entry.stream, entry.action, entry.values["outcome"]) == ("audit", action, outcome)


class Hostile:
    """Whatever it is asked for, it raises."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise RuntimeError(name)

    def __str__(self) -> str:
        raise RuntimeError("no text")


@pytest.mark.parametrize(
    ("context", "found"),
    [
        (None, {}),
        ({}, {}),
        ({"request_id": UUID(int=5), "task_id": None, "user_id": 7}, {"request_id": str(UUID(int=5)), "user_id": "7"}),
        (SimpleNamespace(trace_id="t", client_ip="::1"), {"trace_id": "t", "client": "::1"}),
        ({"user_id": object(), "trace_id": True}, {}),
        ({"request_id": "x" * 1_000}, {"request_id": "x" * 200}),
        (Hostile(), {}),
        (42, {}),
    ],
)
def test_a_context_is_a_dict_or_anything_with_ids(context: Any, found: dict[str, str]) -> None:
    assert surroundings.read(context) == found


def test_ids_are_those_of_what_runs(entries: list[Entry]) -> None:
    running = Context(name="tasks.pay", task_id="t-1")
    held = current.set(running)
    try:
        record("business", "order.pay")
    finally:
        current.reset(held)
    assert entries[0].values["task_id"] == "t-1"
    assert entries[0].values["trace_id"] == running.trace_id


def test_details_and_people_are_scrubbed_before_they_leave_the_process(entries: list[Entry]) -> None:
    record("audit", "user.login", actor="bob@example.com", token="ab12cd34", details={"password": "hunter2", "n": 1})
    told = encoded(entries[0], None).values["values"]  # type: ignore[arg-type]
    assert told["details"] == {"password": "[filtered]", "n": 1}
    assert told["actor"].startswith("user-")
    assert told["token"] == "ab12cd34"


def test_nothing_that_is_given_raises(entries: list[Entry]) -> None:
    log = BusinessLogger()
    log.log_event("x", target_id=Hostile(), context=Hostile(), details=Hostile(), outcome="?")
    log.log_user_action("x", resource_id=None)  # type: ignore[arg-type]
    assert len(entries) == 2


def test_it_is_a_line_of_the_log_as_well(entries: list[Entry], caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "monitoring.journal"):
        AuditLogger().log_authorization("/videos/1", "update", granted=False, user_id="7", password="hunter2")
        BusinessLogger().log_event("order.pay", target_type="order", target_id="3")
    denied, paid = caplog.records
    assert (denied.name, denied.levelname, denied.getMessage()) == (
        "monitoring.journal.audit",
        "WARNING",
        "access.update",
    )
    assert denied.__dict__["details"] == {"password": "[filtered]"}
    assert (paid.name, paid.levelname, paid.__dict__["target_id"]) == ("monitoring.journal.business", "INFO", "3")


WITHOUT_DJANGO = """
import sys
sys.modules["django"] = None
from monitoring.journal import AuditLogger, BusinessLogger
from monitoring.recording import visits
from monitoring.recording.recorder import recorder
kept = []
recorder.record_fact = kept.append
AuditLogger().log_authentication(success=False, user_id="7", context={"ip_address": "203.0.113.7"})
BusinessLogger().log_event("order.pay")
print([one.action for one in kept], sorted(type(one).__name__ for one in visits.gather()))
"""


def test_it_works_without_django() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_DJANGO], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stdout.strip() == "['user.authenticate', 'order.pay'] ['Tried']", done.stderr
