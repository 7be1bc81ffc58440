"""Who would be started anew is found out by what supervisors leave, where that is about this very process."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import psutil
import pytest

from monitoring.recording import supervision

VARIABLES = ("KUBERNETES_SERVICE_HOST", "SYSTEMD_EXEC_PID", "SUPERVISOR_ENABLED")


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    _forget()
    yield
    _forget()


def _forget() -> None:
    supervision._found.cache_clear()
    supervision._is_forked.cache_clear()


def test_nobody_is_known_to() -> None:
    assert supervision.of_worker() == ""
    assert not supervision.of_server()


@pytest.mark.parametrize(("told", "found"), [(True, "settings"), (False, "")])
def test_what_settings_say_counts(told: bool, found: str, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYSTEMD_EXEC_PID", str(os.getpid()))
    settings.MONITORING = {**settings.MONITORING, "SUPERVISED": told}
    assert supervision.of_worker() == found


def test_systemd_names_the_process_that_it_started_and_not_its_children(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYSTEMD_EXEC_PID", str(os.getpid()))
    assert supervision.of_worker() == "systemd"
    supervision._found.cache_clear()
    monkeypatch.setenv("SYSTEMD_EXEC_PID", str(os.getppid()))
    assert supervision.of_worker() == ""


@pytest.mark.parametrize(("parent", "found"), [(1, "kubernetes"), (7, "")])
def test_a_container_ends_with_its_first_process(parent: int, found: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    monkeypatch.setattr(os, "getppid", lambda: parent)
    assert supervision.of_worker() == found


def test_supervisord_is_known_by_its_children_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPERVISOR_ENABLED", "1")
    assert supervision.of_worker() == ""
    supervision._found.cache_clear()
    monkeypatch.setattr(psutil.Process, "name", lambda _: "supervisord")
    assert supervision.of_worker() == "supervisord"


@pytest.mark.parametrize(
    ("own", "parent", "found"),
    [
        (["gunicorn", "shop.wsgi"], ["gunicorn", "shop.wsgi"], True),
        (["gunicorn: worker [shop]"], ["gunicorn: master [shop]"], True),
        (["gunicorn", "shop.wsgi"], ["sh", "-c", "gunicorn shop.wsgi"], False),
        ([], [], False),
    ],
)
def test_a_process_of_gunicorn_is_one_that_it_forked(
    own: list[str], parent: list[str], found: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "gunicorn.arbiter", ModuleType("gunicorn.arbiter"))
    monkeypatch.setattr(psutil.Process, "cmdline", lambda one: own if one.pid == os.getpid() else parent)
    assert supervision.of_server() is found
