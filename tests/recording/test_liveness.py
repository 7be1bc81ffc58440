"""The file that liveness probes look at is touched while a process lives, whatever Redis does."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from monitoring.conf import Config
from monitoring.recording import beat, pulse
from monitoring.recording.pulse import Pulse

NOWHERE = "redis://127.0.0.1:1/0"


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return replace(Config(), redis_url=NOWHERE, heartbeat_file=str(tmp_path / "heartbeat"), heartbeat_interval=0.01)


def age_is_renewed(file: Path) -> bool:
    """Make the file old, and tell whether it is young again soon."""
    deadline = time.monotonic() + 10
    while not file.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    os.utime(file, (0, 0))
    while file.stat().st_mtime == 0 and time.monotonic() < deadline:
        time.sleep(0.01)
    return file.stat().st_mtime > 0


def test_a_worker_signs_while_redis_is_away(monkeypatch: pytest.MonkeyPatch, config: Config) -> None:
    monkeypatch.setattr(pulse, "get_config", lambda: config)
    made = Pulse("worker", "celery@here", dict)
    made.start()
    try:
        assert age_is_renewed(Path(config.heartbeat_file))
    finally:
        made.stop()


def test_a_file_that_cannot_be_written_does_not_stop_the_heartbeat(
    monkeypatch: pytest.MonkeyPatch, config: Config, tmp_path: Path
) -> None:
    asked: list[None] = []
    monkeypatch.setattr(pulse, "get_config", lambda: replace(config, heartbeat_file=str(tmp_path / "no" / "folder")))
    made = Pulse("worker", "celery@here", lambda: dict.fromkeys([str(asked.append(None))]))
    made.start()
    deadline = time.monotonic() + 10
    while len(asked) < 3 and time.monotonic() < deadline:
        time.sleep(0.01)
    made.stop()
    assert len(asked) >= 3


@pytest.mark.parametrize(("since_tick", "signed"), [(None, True), (60, True), (3600, False)])
def test_beat_signs_while_its_loop_turns(
    monkeypatch: pytest.MonkeyPatch, config: Config, since_tick: float | None, signed: bool
) -> None:
    monkeypatch.setattr(pulse, "get_config", lambda: config)
    ticked = None if since_tick is None else time.monotonic() - since_tick
    service = SimpleNamespace(scheduler=SimpleNamespace(max_interval=5, _heap=[]), _last_tick=ticked)
    seen = beat.Beat(service)
    made = Pulse("beat", seen.node, seen.describe, seen.stuck)
    made.start()
    made.stop()
    assert Path(config.heartbeat_file).exists() is signed
