from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from typing import Any

import pytest

from monitoring.alerts.channels.base import MessageKind, TemporaryError
from monitoring.alerts.channels.code import CodeChannel

from .making import KEY, incident, message


def test_a_function_is_called_with_the_documented_alert() -> None:
    alerts: list[Any] = []
    CodeChannel("pager", alerts.append).send(message())
    (alert,) = alerts
    assert alert["message"] == "OperationalError: database is locked"
    assert alert["alert_level"] == "critical"
    assert alert["name"] == "New errors"
    assert alert["timestamp"] == "2026-11-22T18:12:03Z"
    assert alert["error_event"]["error_type"] == "database_error"
    assert alert["error_event"]["endpoint"] == "api/orders/"
    assert alert["error_event"]["user_id"] == "42"
    assert alert["idempotency_key"] == KEY


def test_what_is_not_known_of_an_error_is_there_all_the_same() -> None:
    alerts: list[Any] = []
    CodeChannel("pager", alerts.append).send(
        message(MessageKind.FIRING, incident(error={}, labels={}), severity="high")
    )
    CodeChannel("pager", alerts.append).send(message(MessageKind.TEST, incidents=(), severity="low"))
    first, test = alerts
    assert first["alert_level"] == "error"
    assert first["error_event"]["user_id"] is None
    assert first["error_event"]["error_type"] == "New errors"
    assert test["alert_level"] == "info"
    assert set(test["error_event"]) == {
        "error_type",
        "endpoint",
        "user_id",
        "severity",
        "message",
        "timestamp",
        "error_id",
        "service",
    }


def test_a_coroutine_function_is_awaited() -> None:
    alerts: list[Any] = []

    async def page(alert: Mapping[str, Any]) -> None:
        await asyncio.sleep(0)
        alerts.append(alert["message"])

    CodeChannel("pager", page).send(message())
    assert alerts == ["OperationalError: database is locked"]


def test_what_a_function_raises_is_told_by_its_class_alone() -> None:
    def page(_alert: Mapping[str, Any]) -> None:
        raise ConnectionError("https://hooks.example/sesame")

    with pytest.raises(TemporaryError) as raised:
        CodeChannel("pager", page).send(message())
    assert str(raised.value) == "The channel pager in code raised ConnectionError."
    assert raised.value.__cause__ is None


def test_a_function_that_exits_does_not_end_the_worker() -> None:
    def page(_alert: Mapping[str, Any]) -> None:
        raise SystemExit

    with pytest.raises(TemporaryError, match="raised SystemExit"):
        CodeChannel("pager", page).send(message())


def test_a_function_that_hangs_is_left_alone_until_it_comes_back() -> None:
    go_on, calls = threading.Event(), []

    def page(_alert: Mapping[str, Any]) -> None:
        calls.append(1)
        go_on.wait()

    channel = CodeChannel("hanging pager", page, seconds=0.05)
    try:
        with pytest.raises(TemporaryError, match=r"takes longer than 0\.05 seconds"):
            channel.send(message())
        with pytest.raises(TemporaryError, match="has not come back from the last attempt"):
            channel.send(message())
    finally:
        go_on.set()
    assert calls == [1]


def test_a_coroutine_that_hangs_is_cancelled() -> None:
    ended = threading.Event()

    async def page(_alert: Mapping[str, Any]) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    with pytest.raises(TemporaryError):
        CodeChannel("slow pager", page, seconds=0.05).send(message())
    assert ended.wait(10)


def test_two_messages_may_be_on_their_way_at_once() -> None:
    both, alerts = threading.Barrier(2, timeout=20), []

    def page(alert: Mapping[str, Any]) -> None:
        both.wait()
        alerts.append(alert["message"])

    other = threading.Thread(target=lambda: CodeChannel("pager", page).send(message(title="one")))
    other.start()
    CodeChannel("pager", page, seconds=30).send(message(title="two"))
    other.join()
    assert sorted(alerts) == ["one", "two"]
