"""What a drain task does in its few seconds."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from monitoring.conf import get_config
from monitoring.intake import opening
from monitoring.intake.listen import lease_key, listen, unattended
from monitoring.recording.events import Operation
from monitoring.recording.recorder import recorder
from monitoring.stream import streams
from tests.pipeline import client, counted, stream

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis_client")]


@pytest.fixture(autouse=True)
def short(settings: Any) -> None:
    quick = {"DRAIN_SECONDS": 0.5, "DRAIN_BLOCK": 0.1, "DRAIN_LINGER": 0.05}
    settings.MONITORING = {**settings.MONITORING, **quick}


def record() -> None:
    recorder.record(Operation(time.time_ns(), 1_000, "work", failed=False))
    assert recorder.flush()


def test_it_takes_in_what_is_there_and_asks_for_the_next_run() -> None:
    record()
    assert listen(get_config(), stream(), lambda: False)
    assert counted("folded") == {"operation": 1}
    assert not client().exists(lease_key(stream()))


def test_where_somebody_drains_already_it_leaves_at_once() -> None:
    record()
    client().set(lease_key(stream()), "somebody", ex=60)
    assert not listen(get_config(), stream(), lambda: False)
    assert streams.length(client(), stream()) == 1
    assert stream() not in unattended(get_config())


def test_a_process_that_ends_does_not_ask_for_the_next_run() -> None:
    assert not listen(get_config(), stream(), lambda: True)


def test_a_stream_of_a_former_number_of_shards_is_drained_and_then_forgotten() -> None:
    old = streams.Stream(get_config().stream_prefix, 7, "measures")
    streams.append(client(), old, {"v": "1", "p": "abc", "s": "1", "c": "{}", "d": ""}, 10**9)
    assert old in unattended(get_config())
    assert not listen(get_config(), old, lambda: False)
    assert streams.length(client(), old) == 0
    assert old not in unattended(get_config())
    streams.append(client(), old, {"v": "1", "p": "abc", "s": "2", "c": "{}", "d": ""}, 10**9)
    assert old in unattended(get_config())


def test_it_listens_for_what_arrives_meanwhile(settings: Any) -> None:
    settings.MONITORING = {**settings.MONITORING, "DRAIN_SECONDS": 1.0}
    later = threading.Timer(0.3, record)
    later.start()
    listen(get_config(), stream(), lambda: False)
    later.join()
    assert counted("folded") == {"operation": 1}


def test_of_a_backlog_no_more_is_read_than_commits_take(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    settings.MONITORING = {**settings.MONITORING, "DRAIN_SECONDS": 30}
    monkeypatch.setattr(opening, "MAX_WEIGHT", 40)
    reads: list[int] = []
    read = streams.read

    def counting(*arguments: Any) -> list[streams.Entry]:
        found = read(*arguments)
        reads.append(len(found))
        return found

    monkeypatch.setattr(streams, "read", counting)
    for _ in range(600):
        record()
    assert listen(get_config(), stream(), lambda: streams.length(client(), stream()) == 0) is False
    assert counted("folded") == {"operation": 600}
    assert sum(reads) <= 600 + 15 * 100  # each commit takes 40; all of them read all that is left would be 4,800
