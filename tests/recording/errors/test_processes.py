"""Exceptions that nobody caught: in commands, scripts and threads, by a real process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from monitoring.conf import get_config
from monitoring.errors.models import ErrorLog
from monitoring.recording.process import title
from tests.pipeline import drain_all

ROOT = Path(__file__).resolve().parents[3]
SCRIPT = """
import os, sys, json, threading
sys.path.insert(0, {root!r}); os.environ["DJANGO_SETTINGS_MODULE"] = "enginel.settings"
import django; django.setup()
{body}
"""


def run(body: str, tmp_path: Path) -> str:
    script = tmp_path / "nightly.py"
    script.write_text(SCRIPT.format(root=str(ROOT), body=body))
    config = get_config()
    monitoring = f'{{"STREAM_PREFIX": "{config.stream_prefix}", "REDIS_URL": "{config.redis_url}"}}'
    environ = {**os.environ, "MONITORING": monitoring}
    return subprocess.run(
        [sys.executable, str(script)],
        check=False,
        capture_output=True,
        text=True,
        env=environ,
        cwd=tmp_path,
        timeout=60,
    ).stderr


@pytest.mark.usefixtures("redis_client")
@pytest.mark.django_db
def test_what_ends_a_script_or_a_thread_is_logged_and_still_printed(tmp_path: Path) -> None:
    body = (
        "def work(): raise LookupError('in a thread')\n"
        "thread = threading.Thread(target=work); thread.start(); thread.join()\n"
        "raise ValueError('at the end')"
    )
    printed = run(body, tmp_path)
    assert "LookupError: in a thread" in printed
    assert "ValueError: at the end" in printed
    drain_all()
    rows = ErrorLog.objects.order_by("error_type").values_list("error_type", "name", "handled")
    assert list(rows) == [("LookupError", "nightly.py", False), ("ValueError", "nightly.py", False)]


@pytest.mark.usefixtures("redis_client")
@pytest.mark.django_db
def test_an_interrupted_script_is_no_error(tmp_path: Path) -> None:
    run("raise KeyboardInterrupt", tmp_path)
    drain_all()
    assert not ErrorLog.objects.exists()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["manage.py", "migrate", "--plan"], "manage.py migrate"),
        (["/usr/bin/django-admin", "shell"], "manage.py shell"),
        (["/opt/jobs/nightly.py", "x"], "nightly.py"),
        ([""], "python"),
        (["manage.py"], "manage.py"),
    ],
)
def test_a_process_is_known_by_its_command(arguments: list[str], expected: str) -> None:
    assert title(arguments) == expected


@pytest.mark.usefixtures("redis_client")
def test_an_error_in_the_last_moment_of_a_process_does_not_keep_it(tmp_path: Path) -> None:
    body = (
        "import logging\n"
        "class Late:\n"
        "    def __del__(self): logging.getLogger('shop').error('too late')\n"
        "import sys; sys.modules['late'] = Late(); sys.late = Late(); keep = Late()"
    )
    assert "too late" in run(body, tmp_path)


def test_no_thread_is_started_while_the_interpreter_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    from monitoring.recording.recorder import recorder

    monkeypatch.setattr("sys.is_finalizing", lambda: True)
    recorder.flusher.notify(urgent=True)
    assert recorder.flusher._thread is None


def test_a_server_or_worker_logs_what_is_wrong_with_settings_as_it_starts(tmp_path: Path) -> None:
    script = tmp_path / "server.py"
    script.write_text(SCRIPT.format(root=str(ROOT), body=""))
    environ = {**os.environ, "ERROR_TRACKING": '{"BUG_THRESHHOLD": 3}', "MONITORING": '{"FLUSH_INTERVAL": "soon"}'}
    command = [sys.executable, str(script)]
    said = subprocess.run(command, check=True, capture_output=True, text=True, env=environ, timeout=60).stderr
    for text in (
        "ERROR_TRACKING['BUG_THRESHHOLD'] does not exist",
        "MONITORING['FLUSH_INTERVAL'] must be a positive float",
    ):
        assert f'"level": "warning", "logger": "monitoring.settings", "event": "{text}' in said
