"""Recording never raises, never waits, and counts what it drops."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from dataclasses import replace
from typing import Any

import pytest

from monitoring.conf import get_config
from monitoring.recording import columns
from monitoring.recording.events import Counter, Operation, Slow
from monitoring.recording.recorder import recorder
from monitoring.recording.transport import Transport
from monitoring.stream import streams
from tests.pipeline import client, counted, drain_all, stream

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis_client")]


def operation(name: str = "work") -> Operation:
    return Operation(time.time_ns(), 1_000, name, failed=False)


def entries() -> list[streams.Entry]:
    return streams.read(client(), stream(), 1_000, 10**9)


def until(condition: Any, seconds: float = 10.0) -> None:
    """Wait for a condition; fail when it does not come true."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true"
        time.sleep(0.005)


def test_the_thread_sends_by_itself() -> None:
    recorder.record(operation())
    until(lambda: streams.length(client(), stream()) == 1)
    drain_all()
    assert counted("folded") == {"operation": 1}


def test_threads_do_not_lose_each_others_events() -> None:
    def work() -> None:
        for _ in range(2_000):
            recorder.record(operation())

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert recorder.flush()
    drain_all()
    assert counted("folded") == {"operation": 8_000}
    assert counted("lost") == {}


@pytest.mark.parametrize("event", [None, 7, "text", object(), ("tuple",)])
def test_what_is_no_event_is_counted_and_does_not_raise(event: Any) -> None:
    recorder.record(event)
    recorder.record_fact(event)
    assert recorder.flush()
    drain_all()
    assert counted("lost") == {"failure": 2}


def test_an_event_that_cannot_be_encoded_does_not_stop_the_others() -> None:
    for name in ("good", object(), "better"):
        recorder.record(Counter(time.time_ns(), name, 1))  # type: ignore[arg-type]
    recorder.record(Operation("yesterday", 1, "bad clock", failed=False))  # type: ignore[arg-type]
    recorder.record(operation())
    assert recorder.flush()
    drain_all()
    folded, lost = counted("folded"), counted("lost")
    assert folded["operation"] == 1
    assert lost["operation"] == 1
    assert folded["counter"] + lost.get("counter", 0) == 3
    assert folded["counter"] >= 2


def test_a_full_buffer_lets_the_oldest_go_and_counts_them(settings: Any) -> None:
    settings.MONITORING = {**settings.MONITORING, "BUFFER_EVENTS": 100, "FLUSH_INTERVAL": 3600, "FLUSH_EVENTS": 10_000}
    for number in range(150):
        recorder.record(operation(f"work-{number}"))
    assert recorder.flush()
    drain_all()
    assert counted("folded") == {"operation": 100}
    assert counted("lost") == {"operation": 50}


def test_when_redis_is_away_batches_wait_and_arrive_later(settings: Any, redis_url: str) -> None:
    settings.MONITORING = {**settings.MONITORING, "REDIS_URL": "redis://127.0.0.1:1/0"}
    recorder.record(operation())
    assert not recorder.flush()
    recorder.flusher._transport = Transport(replace(recorder.config, redis_url=redis_url))
    settings.MONITORING.update(REDIS_URL=redis_url)
    get_config.cache_clear()
    recorder.record(operation())
    assert recorder.flush()
    drain_all()
    assert counted("folded") == {"operation": 2}
    assert counted("lost") == {}


def test_a_forked_child_sends_nothing_of_its_parents() -> None:
    recorder.config  # noqa: B018  # known before the fork, as in a worker
    for _ in range(10):
        recorder._buffers[Operation].append(operation("parent"))
    child = os.fork()
    if child == 0:
        try:
            recorder.record(operation("child"))
            until(recorder.flush)
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    recorder.record(operation("parent"))
    assert recorder.flush()
    drain_all()
    assert counted("folded") == {"operation": 12}
    assert counted("lost") == {}


def test_closing_sends_what_is_left_and_recording_may_go_on() -> None:
    recorder.record(operation())
    recorder.close()
    recorder.record(operation())
    recorder.close()
    drain_all()
    assert counted("folded") == {"operation": 2}
    assert counted("lost") == {}


def test_an_idle_producer_stays_known_then_says_goodbye_and_comes_back_as_another(settings: Any) -> None:
    settings.MONITORING = {**settings.MONITORING, "KEEPALIVE_INTERVAL": 0.05, "PRODUCER_IDLE_LIMIT": 1.0}
    recorder.record(operation())
    until(lambda: any(b"g" in entry.fields for entry in entries()))
    first = entries()
    assert len(first) >= 3
    assert len({entry.fields[b"p"] for entry in first}) == 1
    recorder.record(operation())
    until(lambda: len({entry.fields[b"p"] for entry in entries()}) == 2)
    recorder.close()
    drain_all()
    assert counted("folded") == {"operation": 2}
    assert counted("lost") == {}


def test_what_a_signal_handler_raises_in_the_middle_of_recording_reaches_the_monitored_code() -> None:
    class TimeLimitError(Exception):
        pass

    class Interrupting(deque):  # type: ignore[type-arg]
        def append(self, event: object) -> None:
            raise TimeLimitError

    recorder._buffers[Operation] = Interrupting()
    with pytest.raises(TimeLimitError):
        recorder.record(operation())


def test_a_thread_that_died_or_could_not_start_is_started_by_a_later_event(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        recorder.record(operation())
    recorder.record(operation())
    until(lambda: streams.length(client(), stream()) >= 1)
    recorder.close()
    drain_all()
    assert counted("folded") == {"operation": 2}


def test_recording_from_a_finalizer_in_the_middle_of_recording_does_not_hang() -> None:
    wakes = recorder.flusher._wakes
    inside: list[int] = []

    class Reentered:
        def put(self, item: None) -> None:
            if not inside:
                inside.append(1)
                recorder.record_fact(Slow(time.time_ns(), 1, "operation", "inner", {}))
            wakes.put(item)

        def __getattr__(self, name: str) -> Any:
            return getattr(wakes, name)

    recorder.flusher._wakes = Reentered()  # type: ignore[assignment]
    recorder.record_fact(Slow(time.time_ns(), 1, "operation", "outer", {}))
    recorder.close()
    drain_all()
    assert counted("folded") == {"slow": 2}


def test_one_false_clock_does_not_draw_the_others_of_its_batch_along() -> None:
    from monitoring.performance import PerformanceMonitor

    recorder.record(Operation(0, 1_000, "work", failed=False))
    for _ in range(3):
        recorder.record(operation())
    assert recorder.flush()
    drain_all()
    assert PerformanceMonitor.get_operation_stats("work")["count"] == 4


def test_nothing_is_recorded_when_it_is_switched_off(settings: Any) -> None:
    settings.MONITORING = {**settings.MONITORING, "ENABLED": False}
    for _ in range(3):
        recorder.record(operation())
    assert sum(map(len, recorder._buffers.values())) == 0
    assert entries() == []


def test_a_config_that_cannot_be_read_raises_nothing_and_keeps_nothing(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    readable = settings.MONITORING
    monkeypatch.setenv("MONITORING", "{")
    settings.MONITORING = 7
    for _ in range(3):
        recorder.record(operation())
        recorder.record_fact(Slow(time.time_ns(), 1, "operation", "work", {}))
        recorder.failed()
    recorder.close()
    assert sum(map(len, recorder._buffers.values())) == 0
    settings.MONITORING = readable
    recorder.record(operation())
    assert recorder.flush()
    drain_all()
    assert counted("folded") == {"operation": 1}


def test_names_are_sent_once_a_batch() -> None:
    notes: Any = columns.Notes()
    segment = columns.operations([operation("same") for _ in range(1_000)], 0, notes)
    assert segment.names == ["same"]


def test_a_flood_of_one_error_travels_in_full_only_so_often(settings: Any) -> None:
    from monitoring.errors.models import ErrorLog
    from monitoring.recording import errors

    settings.MONITORING = {**settings.MONITORING, "ERRORS_PER_MINUTE": 3}
    for number in range(20):
        try:
            int(f"number {number}")
        except ValueError as error:
            errors.ended_process(error, "work")
    assert recorder.flush()
    drain_all()
    assert ErrorLog.objects.count() == 20
    full = ErrorLog.objects.exclude(chain=[])
    assert 3 <= full.count() <= 6  # six where a minute ended meanwhile
    assert len(set(ErrorLog.objects.values_list("fingerprint", flat=True))) == 1
