"""What a producer sends arrives once, whatever happens on the way; what it cannot keep is counted."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from monitoring.intake.models import DeadLetter, Producer
from monitoring.performance import PerformanceMonitor
from monitoring.recording.events import Operation
from monitoring.recording.recorder import recorder
from monitoring.recording.sender import Lane, new_producer_id
from monitoring.stream import streams
from monitoring.stream.streams import MEASURES
from tests.faults.batches import arrived, waiting
from tests.faults.processes import ENDED, end, in_child
from tests.faults.proxy import Fault, Proxy
from tests.pipeline import client, counted, drain_all, stream

pytestmark = pytest.mark.usefixtures("redis_client", "database", "still")


def _record(count: int, name: str = "work") -> None:
    for _ in range(count):
        PerformanceMonitor._record_duration(name, 0.005)


def _entries() -> list[dict[bytes, bytes]]:
    return [fields for _, fields in client().xrange(stream(MEASURES).key)]


def test_a_process_that_ends_before_the_append_leaves_nothing_of_that_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    def send_and_end() -> None:
        _record(3)
        assert recorder.flush()
        monkeypatch.setattr(streams, "append", lambda *_: end())
        _record(4)
        recorder.flush()

    assert in_child(send_and_end) == ENDED
    drain_all()
    assert arrived() == 3
    assert counted("folded") == {"operation": 3}
    assert counted("lost") == {}


def test_a_process_that_ends_after_the_append_and_before_its_answer_sent_that_batch_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    append = streams.append

    def append_and_end(*arguments: Any) -> bytes:
        append(*arguments)
        end()
        raise AssertionError

    def send_and_end() -> None:
        _record(3)
        assert recorder.flush()
        monkeypatch.setattr(streams, "append", append_and_end)
        _record(4)
        recorder.flush()

    assert in_child(send_and_end) == ENDED
    drain_all()
    assert arrived() == 7
    assert counted("lost") == {}


def test_a_process_that_ends_right_after_a_send_sent_everything() -> None:
    def send_and_end() -> None:
        _record(3)
        assert recorder.flush()
        end()

    assert in_child(send_and_end) == ENDED
    drain_all()
    assert arrived() == 3


def test_a_batch_whose_answer_was_lost_is_resent_byte_for_byte_and_counts_once(proxy: Proxy) -> None:
    _record(3)
    proxy.fault, proxy.only_after = Fault.ANSWER_LOST, b"XADD"
    assert not recorder.flush()
    _record(4)
    assert not recorder.flush()
    proxy.fault = Fault.NONE
    assert recorder.flush()
    first, again, last, newer = _entries()
    assert proxy.cuts == 2
    assert first == again == last
    assert newer[b"s"] == b"2"
    drain_all()
    assert arrived() == 7
    assert counted("folded") == {"operation": 7}
    assert counted("lost") == {}


def test_an_answer_that_is_no_stream_id_leaves_the_outcome_unknown_and_the_batch_is_resent(proxy: Proxy) -> None:
    _record(3)
    proxy.fault, proxy.only_after = Fault.ANSWER_FOREIGN, b"XADD"
    assert not recorder.flush()
    _record(4)
    proxy.fault = Fault.NONE
    assert recorder.flush()
    first, again, newer = _entries()
    assert proxy.cuts == 1
    assert first == again
    assert newer[b"s"] == b"2"
    drain_all()
    assert arrived() == 7
    assert counted("folded") == {"operation": 7}
    assert counted("lost") == {}


def test_a_batch_that_was_lost_on_its_way_is_sent_again(proxy: Proxy) -> None:
    _record(3)
    proxy.fault, proxy.only_after = Fault.COMMAND_LOST, b"XADD"
    assert not recorder.flush()
    assert waiting() == 0
    proxy.fault = Fault.NONE
    assert recorder.flush()
    drain_all()
    assert arrived() == 3
    assert counted("lost") == {}


def test_answers_and_commands_lost_in_turn_change_no_count(proxy: Proxy) -> None:
    proxy.only_after = b"XADD"
    for fault in (Fault.ANSWER_LOST, Fault.COMMAND_LOST, Fault.AWAY, Fault.NONE) * 5:
        proxy.fault = fault
        _record(2)
        recorder.flush()
        if fault is Fault.NONE:
            drain_all()
    proxy.fault = Fault.NONE
    assert recorder.flush()
    drain_all()
    assert arrived() == 40
    assert counted("folded") == {"operation": 40}
    assert counted("lost") == {}
    assert Producer.objects.count() == 1


def test_what_was_recorded_while_redis_was_away_arrives_when_it_is_back(proxy: Proxy) -> None:
    proxy.fault = Fault.AWAY
    for _ in range(5):
        _record(10)
        assert not recorder.flush()
    proxy.fault = Fault.NONE
    assert recorder.flush()
    drain_all()
    assert arrived() == 50
    assert counted("lost") == {}


def test_a_full_buffer_lets_its_oldest_events_go_counted(configure: Callable[..., None]) -> None:
    configure(FLUSH_EVENTS=50, BUFFER_EVENTS=100)
    with recorder.flusher._flushing:  # the thread cannot take anything meanwhile
        _record(1_000)
    assert recorder.flush()
    recorder.close()
    drain_all()
    taken, lost = arrived(), counted("lost")["operation"]
    assert taken + lost == 1_000
    assert lost >= 800
    assert counted("folded") == {"operation": taken}


def test_batches_beyond_the_pending_bytes_are_dropped_oldest_first_and_counted(
    proxy: Proxy, configure: Callable[..., None]
) -> None:
    configure(PENDING_MEASURES_BYTES=2_000)
    proxy.fault = Fault.AWAY
    for number in range(100):
        _record(10, f"work{number}")
        assert not recorder.flush()
    proxy.fault = Fault.NONE
    assert recorder.flush()
    drain_all()
    numbers = [arrived(f"work{number}") for number in range(100)]
    assert set(numbers) == {0, 10}
    assert numbers[99] == 10
    assert 0 < sum(numbers) < 1_000
    assert counted("folded") == {"operation": sum(numbers)}
    assert counted("lost") == {"operation": 1_000 - sum(numbers)}


def test_dropped_batches_that_nothing_follows_are_counted_by_the_goodbye(
    proxy: Proxy, configure: Callable[..., None]
) -> None:
    configure(PENDING_MEASURES_BYTES=300)
    proxy.fault = Fault.AWAY
    for number in range(20):
        _record(10, f"work{number}")
        assert not recorder.flush()
    proxy.fault = Fault.NONE
    recorder.close()
    drain_all()
    assert counted("folded")["operation"] + counted("lost")["operation"] == 200


def test_a_full_stream_makes_producers_wait_and_loses_nothing(configure: Callable[..., None]) -> None:
    configure(MEASURES_STREAM_BYTES=8_000)
    sent = 0
    while True:
        _record(50)
        sent += 50
        if not recorder.flush():
            break
        assert sent < 10_000, "the stream never fills up"
    _record(50, "later")
    assert not recorder.flush()
    drain_all()
    assert recorder.flush()
    drain_all()
    assert (arrived(), arrived("later")) == (sent, 50)
    assert counted("lost") == {}


def test_a_forks_child_sends_its_own_events_and_none_of_its_parents() -> None:
    _record(1_000, "parent")

    def child() -> None:
        _record(10, "child")
        assert recorder.flush()

    assert in_child(child) == 0
    assert waiting() == 1
    drain_all()
    assert (arrived("parent"), arrived("child")) == (0, 10)
    assert recorder.flush()
    drain_all()
    assert (arrived("parent"), arrived("child")) == (1_000, 10)
    assert sorted(counts["operation"] for counts in Producer.objects.values_list("counts", flat=True)) == [10, 1_000]
    assert counted("lost") == {}


def test_a_fork_with_an_unsent_batch_sends_that_batch_once(proxy: Proxy) -> None:
    proxy.fault, proxy.only_after = Fault.ANSWER_LOST, b"XADD"
    _record(5, "parent")
    assert not recorder.flush()
    proxy.fault = Fault.NONE

    def child() -> None:
        _record(3, "child")
        assert recorder.flush()

    assert in_child(child) == 0
    assert recorder.flush()
    drain_all()
    assert (arrived("parent"), arrived("child")) == (5, 3)
    assert counted("folded") == {"operation": 8}
    assert Producer.objects.count() == 2


def test_a_fork_while_the_thread_is_sending_leaves_a_child_that_can_send() -> None:
    _record(5, "parent")
    with recorder.flusher._flushing:

        def child() -> None:
            _record(3, "child")
            assert recorder.flush()

        assert in_child(child) == 0
    assert recorder.flush()
    drain_all()
    assert (arrived("parent"), arrived("child")) == (5, 3)


def test_threads_that_record_for_the_first_time_at_once_share_one_producer() -> None:
    for attempt in range(20):
        recorder.reset()
        barrier = threading.Barrier(8)

        def first(barrier: threading.Barrier = barrier) -> None:
            barrier.wait(10)
            _record(1)

        threads = [threading.Thread(target=first) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        recorder.close()
        assert _drained_producers() == attempt + 1
    drain_all()
    assert arrived() == 160


def _drained_producers() -> int:
    drain_all()
    return Producer.objects.count()


def test_two_flushers_are_never_made_for_one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same, with the moment held open: both threads are between the question and the answer."""
    from monitoring.recording import recorder as module

    made: list[object] = []
    second_is_near = threading.Barrier(2)

    class SlowlyMade(module.Flusher):
        def __init__(self, *arguments: Any) -> None:
            made.append(self)
            with contextlib.suppress(threading.BrokenBarrierError):  # alone, as it should be
                second_is_near.wait(0.5)
            super().__init__(*arguments)

    recorder.reset()
    monkeypatch.setattr(module, "Flusher", SlowlyMade)
    threads = [threading.Thread(target=_record, args=(1,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(made) == 1


def test_events_of_another_thread_are_not_shed_while_the_first_one_makes_the_flusher() -> None:
    from monitoring.recording import recorder as module

    class Held(module.Recorder):
        """Lets another thread record at the very moment at which the flusher becomes visible."""

        def __setattr__(self, name: str, value: object) -> None:
            super().__setattr__(name, value)
            if name == "_flusher" and isinstance(value, module.Flusher):
                other = threading.Thread(target=lambda: [self.record(_operation()) for _ in range(50)])
                other.start()
                other.join(5)

    one = Held()
    one.record(_operation())
    assert one.flush()
    one.close()
    drain_all()
    assert arrived() == 51
    assert counted("lost") == {}


def _operation() -> Operation:
    return Operation(time.time_ns(), 5_000_000, "work", False)


def test_batches_without_a_payload_do_not_pile_up_without_bound_while_redis_is_away() -> None:
    lane = Lane(new_producer_id(), 20_000)
    for _ in range(2_000):
        lane.enqueue(b"", {"failure": 1})
    assert sum(len(value) for batch in lane.waiting for value in batch.fields.values()) < 40_000
    assert lane.counts["failure"] == 2_000


def test_goodbyes_and_keepalives_count_nothing_and_do_no_harm() -> None:
    for _ in range(3):
        _record(2)
        recorder.close()
    drain_all()
    assert arrived() == 6
    assert Producer.objects.count() == 3
    assert counted("folded") == {"operation": 6}
    assert counted("lost") == {}
    assert not DeadLetter.objects.exists()


def test_a_sender_that_cannot_connect_does_not_hold_up_who_records(configure: Callable[..., None]) -> None:
    configure(REDIS_URL="redis://127.0.0.1:1/0")
    start = time.perf_counter()
    _record(1_000)
    assert time.perf_counter() - start < 1.0
    assert not recorder.flush()
